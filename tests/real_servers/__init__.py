"""Places against real servers of this machine."""
