"""Notices to people by mail and webhook: rules that a person sets, what holds by them, what was told and what waits."""

__all__ = ["deliver", "facts", "outbox", "rules", "stored", "words"]
