"""Restriction lists: load them, hold an identity against them."""
