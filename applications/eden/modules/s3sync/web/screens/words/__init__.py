"""Texts for people, in the reader's language: states, reasons, remedies, errors."""

__all__ = [
    "conflicts_and_log",
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
