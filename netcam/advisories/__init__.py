"""Published flaws: load and check them, hold an identity against them. Nothing is ever tried on a device."""
