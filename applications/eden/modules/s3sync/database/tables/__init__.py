"""The sync tables, with Eden's names and columns if Eden has them."""

__all__ = ["define", "fields", "indices", "journal", "notice", "repository", "run", "task"]
