"""Parameters and replies of the protocol, for both ends; a file for each section of PROTOCOL."""

__all__ = ["dry_run", "names", "offer", "pull", "push", "registration", "replies", "times", "variables"]
