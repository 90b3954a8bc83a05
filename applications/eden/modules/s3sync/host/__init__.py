"""Layer 4, the application around us: one port, and its schema, validators and settings.
Knows core to exchange, and of the outside web2py.
"""

__all__ = ["eden", "ini", "on_define", "port", "schema", "settings", "validators"]
