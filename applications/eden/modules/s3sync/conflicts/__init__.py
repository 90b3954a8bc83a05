"""Layer 8, what a person decides: kept versions, one by one or many by a rule.
Knows all lower layers, but no other folder of its own layer.
"""

__all__ = [
    "at_others",
    "by_field",
    "detail",
    "kept_list",
    "record_history",
    "resolve",
    "resolve_many",
    "site_words",
    "timeline",
]
