"""Synchronisation of Sahana Eden sites over S3XML. A folder is a layer.

``LAYERS`` is their order: a file imports only from folders in earlier layers, never from another folder of its own
layer, and uses the host application only through ``host/port.py``. ``tests/unit/test_layers.py`` checks every import.
"""

LAYERS = (
    ("core", "ui"),
    ("wire",),
    ("exchange",),
    ("host", "database", "transport"),
    ("adapters",),
    ("site",),
    ("scheduler",),
    ("active", "passive", "conflicts", "bin", "monitoring", "administration"),
    ("worker",),
    ("web",),
    ("command_line",),
)

SOFTWARE = "Eden Sync"
VERSION = "0.2.0"
