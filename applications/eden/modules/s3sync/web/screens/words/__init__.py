"""Texts for people, in the reader's language: states, reasons, remedies, errors."""

__all__ = [
    "conflicts_and_log",
    "errors",
    "messages",
    "policies",
    "remedies",
    "run_failures",
    "state_reasons",
    "states_and_units",
]
