"""Alembic's migrations of the history: each file in `versions/` makes a newer form of the tables."""
