"""Layer 10, requests of other sites and pages for people.
Knows everything.
"""

__all__ = ["bodies", "interface", "plain_resources", "screens"]
