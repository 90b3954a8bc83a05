"""Formats of an operator: where they are, and the program that runs their stylesheets (``transport/stylesheets``)."""

__all__ = ["child", "formats"]
