"""Texts for people, in the reader's language: states, reasons, remedies, errors."""

__all__ = [
    "conflicts_and_log",
    "data_sets",
    "errors",
    "explanation",
    "messages",
    "policies",
    "prescriptions",
    "remedies",
    "run_failures",
    "state_reasons",
    "states_and_units",
]
