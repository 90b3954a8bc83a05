"""Values of fields as text, and back."""

__all__ = ["datetimes", "json_references", "reading", "uploads", "writing"]
