"""What other sites may read and write here, and what they let this site read and write there."""

__all__ = ["invitations", "not_allowed", "prescribing", "scopes"]
