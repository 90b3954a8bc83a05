"""Layer 1, parts of pages that any page of the application may use.
Knows gluon, and nothing else of this package.
"""

__all__ = [
    "assets",
    "choice",
    "confined",
    "forms",
    "look",
    "passing",
    "program_requests",
    "refusals",
    "sent_forms",
    "translations",
]
