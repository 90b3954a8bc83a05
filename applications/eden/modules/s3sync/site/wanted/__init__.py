"""What shall be exchanged with a repository: compared with what is, and stored."""

__all__ = ["agreement", "followed", "subscriptions", "tasks"]
