"""Finding hosts, deciding what to ask next, and telling which answers are one device."""
