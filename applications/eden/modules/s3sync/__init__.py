"""Synchronisation of Sahana Eden sites over S3XML. A folder is a layer.

``LAYERS`` is the map: a file imports only from folders that stand before its own, never from one beside it, and nothing
of the application around it but by ``host/port.py``. ``tests/unit/test_layers.py`` reads it and every import.
"""

LAYERS = (
    ("core", "ui"),
    ("wire",),
    ("exchange",),
    ("host", "database", "transport"),
    ("adapters",),
    ("site",),
    ("scheduler",),
    ("active", "passive", "conflicts", "monitoring", "administration"),
    ("worker",),
    ("web",),
)

SOFTWARE = "Eden Sync"
VERSION = "0.2.0"
