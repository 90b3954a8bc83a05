"""The tabs of one repository."""

__all__ = ["configuration", "connection_test", "preview", "schedule", "secrets", "synchronise"]
