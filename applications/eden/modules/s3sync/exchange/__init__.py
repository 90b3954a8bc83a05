"""Layer 3, use cases over ports: export, import, and the run that alternates them.
Knows core and wire; neither HTTP nor a database.
"""

__all__ = ["exporter", "importer", "peer", "ports", "run", "versions"]
