"""Public alerts (CAP) and the feeds that list them, as this site reads them: small XML of whoever."""

__all__ = ["cap", "feed", "incident", "known"]
