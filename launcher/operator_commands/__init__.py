"""The command line of an operator, ``./eden``: asks a site's application, and shows the answer as text or JSON."""
