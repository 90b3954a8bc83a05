"""Layer 4, the host application: one port to it, and its schema, validators and settings.
Knows core to exchange, and from outside web2py.
"""

__all__ = [
    "counterparts",
    "eden",
    "eden_profile",
    "ini",
    "living_eden",
    "on_define",
    "port",
    "schema",
    "schema_facts",
    "settings",
    "validators",
]
