"""Layer 8, what another site asks of this one: a file for each kind of request.
Knows everything below, none of its neighbours.
"""

__all__ = ["contact", "dry_run", "files", "offer", "pull", "pull_by_eden", "push", "registration", "served"]
