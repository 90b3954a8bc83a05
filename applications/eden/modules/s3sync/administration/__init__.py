"""Layer 8, the use cases of an administrator, without screens: repositories, resources, data sets, settings.
Knows everything below, none of its neighbours.
"""

__all__ = ["datasets", "preferences", "repositories", "settings", "tasks"]
