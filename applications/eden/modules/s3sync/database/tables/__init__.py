"""The sync tables: names and columns are Eden's where Eden has them."""

__all__ = ["define", "fields", "indices", "journal", "repository", "run", "task"]
