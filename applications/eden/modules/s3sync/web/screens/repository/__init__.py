"""The tabs of one repository."""

__all__ = [
    "awaited",
    "begun",
    "configuration",
    "connection_test",
    "form",
    "preview",
    "schedule",
    "secrets",
    "sets",
    "synchronise",
    "tabs",
]
