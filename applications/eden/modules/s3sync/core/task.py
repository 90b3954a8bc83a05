"""What is exchanged in which direction, the states of runs, and the terms of the log."""

from __future__ import annotations

import enum

from .text import TextEnum


class Mode(enum.IntEnum):
    """The direction of a task; the values are Eden's, as in the database."""

    PULL = 1
    PUSH = 2
    BOTH = 3
    NONE = 4

    @classmethod
    def read(cls, stored: int | None) -> Mode:
        """Return the mode of a stored value: BOTH if nothing is stored, NONE for an unknown one."""
        if not stored:
            return cls.BOTH
        return next((each for each in cls if each.value == stored), cls.NONE)

    @property
    def pulls(self) -> bool:
        """Whether records are pulled from the other site."""
        return self in (Mode.PULL, Mode.BOTH)

    @property
    def pushes(self) -> bool:
        """Whether records are pushed to the other site."""
        return self in (Mode.PUSH, Mode.BOTH)


class Activity(TextEnum):
    """What a run is doing, or an entry of the log is about. PULL and PUSH are the directions of an exchange."""

    PULL = "pull"
    PUSH = "push"
    REGISTER = "register"
    DECIDE = "decide"
    FILE = "file"


class Transmission(TextEnum):
    """Whether this site began, or the other one."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


def log_mode(activity: Activity, transmission: Transmission) -> str:
    """Return the mode of a log entry, as Eden writes it."""
    return f"{activity}/{transmission}"


class LogAction(TextEnum):
    """What was done, in an entry of the log."""

    FETCH = "fetch"
    SEND = "send"
    RECEIVE = "receive"
    REQUEST = "request"
    DECIDE = "decide"


class Result(TextEnum):
    """How it ended, in an entry of the log: an ERROR is tried again by itself, a FATAL one is not."""

    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"
    FATAL = "fatal"


class RunState(TextEnum):
    """The state of a run; CANCELLED by a person."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
