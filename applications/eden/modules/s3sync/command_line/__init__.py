"""Layer 11, what an operator asks on the command line (``./eden``): answers as values for a table or JSON.
Knows all other layers.
"""

__all__ = [
    "checks",
    "commands",
    "from_file",
    "invitations",
    "lists",
    "prescriptions",
    "runs",
    "states",
    "words",
]
