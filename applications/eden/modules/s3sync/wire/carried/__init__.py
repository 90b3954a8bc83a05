"""What two sites leave for each other in a folder: names, states, and which page comes next.

See docs/PROTOCOL.md, "Carried".
"""

__all__ = ["chain", "named_files", "names", "numbers", "sealing", "state"]
