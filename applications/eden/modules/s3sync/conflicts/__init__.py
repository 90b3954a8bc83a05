"""Layer 8, what a person decides: kept versions, one by one or many by a rule.
Knows everything below, none of its neighbours.
"""

__all__ = ["detail", "kept_list", "record_history", "resolve", "resolve_many"]
