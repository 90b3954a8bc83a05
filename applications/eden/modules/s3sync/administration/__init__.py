"""Layer 8, what an administrator sets: repositories, resources, data sets, settings.
Knows everything below, none of its neighbours.

What administrators do with the exchange, without a screen: repositories and their resources.
"""

__all__ = ["datasets", "preferences", "repositories", "settings", "tasks"]
