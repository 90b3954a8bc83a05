"""Layer 8, what an administrator sets, without a screen: repositories, resources, data sets, settings.
Knows everything below, none of its neighbours.
"""

__all__ = ["datasets", "preferences", "repositories", "settings", "tasks"]
