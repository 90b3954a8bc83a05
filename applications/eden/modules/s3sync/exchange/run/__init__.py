"""A run: the tasks of one repository, pulled and pushed one after another."""

__all__ = ["engine", "failures", "ports", "report", "starting"]
