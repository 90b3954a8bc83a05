"""The connection, and what the database has to be told at the start."""
