"""One file for each form of the tables, oldest first by name. A file that was released is never changed again."""
