"""What other sites may read and write here, and what they let this site read and write there."""

__all__ = ["account_rights", "invitations", "not_allowed", "prescribing", "scopes"]
