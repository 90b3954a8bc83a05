"""Layer 8, the use cases of an administrator, without screens: repositories, resources, data sets, settings.
Knows all lower layers, but no other folder of its own layer.
"""

__all__ = [
    "dataset_archive",
    "datasets",
    "eden_tables",
    "from_file",
    "invitations",
    "over_eden",
    "own_tables",
    "passwords",
    "preferences",
    "repositories",
    "scopes",
    "settings",
    "tasks",
]
