"""Visits and devices of the past, in SQLite or PostgreSQL: tables, their migrations, and what is asked of them."""
