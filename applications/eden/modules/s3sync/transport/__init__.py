"""Layer 4, HTTP to another site, and places with files: limits, answers, and failures as typed errors.
Knows core to exchange, and from outside the clients of HTTP and SFTP; no database.
"""

__all__ = [
    "answer",
    "client",
    "drives",
    "failures",
    "limits",
    "measuring",
    "pinning",
    "places",
    "resuming",
    "sealed_storage",
    "storage",
    "stylesheets",
    "urls",
]
