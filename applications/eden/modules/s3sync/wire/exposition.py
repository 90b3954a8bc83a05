"""Prometheus' text format, in which a monitoring system fetches figures (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    """A value with its labels."""

    value: float
    labels: Mapping[str, str] = {}


class Family(NamedTuple):
    """The samples of one figure.

    Attributes:
        name: its name; that of a counter ends in ``_total``.
        kind: "gauge" or "counter".
        help: what it says, in a sentence.
        samples: no two have the same labels.
    """

    name: str
    kind: str
    help: str
    samples: list[Sample]


def exposition(families: Iterable[Family]) -> str:
    """Return figures as text."""
    lines = []
    for each in families:
        lines += [f"# HELP {each.name} {_help(each.help)}", f"# TYPE {each.name} {each.kind}"]
        lines += [
            f"{each.name}{_labels(sample.labels)} {float(sample.value):.17g}" for sample in each.samples
        ]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_value(text)}"' for name, text in labels.items()) + "}"


def _value(text: str) -> str:
    return _help(text).replace('"', '\\"')


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
