"""Layer 8, what this site begins: registration, preview, and its side of a run.
Knows all lower layers, but no other folder of its own layer.
"""

__all__ = [
    "carried",
    "joining",
    "local_site",
    "matching",
    "prescribed",
    "preview",
    "registration",
    "standing",
    "stick_contents",
    "subscribed",
]
