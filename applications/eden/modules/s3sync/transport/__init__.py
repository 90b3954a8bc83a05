"""Layer 4, HTTP to another site: limits, answers, and failures as typed errors.
Knows core to exchange, and from outside the HTTP client; no database.
"""

__all__ = [
    "answer",
    "client",
    "drives",
    "failures",
    "limits",
    "measuring",
    "pinning",
    "resuming",
    "sealed_storage",
    "storage",
    "urls",
]
