"""Charts as SVG: the last runs of a repository, and records by day. They have only classes, no colours.

No chart relies on colour alone: each state has its own shape, each series a texture, and everything is also given in
words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gluon import DIV, SPAN, TAG

from ...core.plurals import counted, number
from ...core.task import RunState
from ...database.runs import Run
from ...database.traffic import Day
from ...site.labels import Translate

BAR, GAP, HEIGHT = 6, 2, 28
DAY_WIDTH, PLOT_HEIGHT = 24, 120


def history(T: Translate, runs: Sequence[Run], live: int | None = None) -> Any:
    """Return the last runs as bars: the height is the number of records, the shape shows how the run ended.

    Args:
        T: web2py's translator.
        runs: the runs, oldest first.
        live: key of the run with a live worker.
    """
    words = _history_words(T, runs, live)
    if not runs:
        return words
    marks: list[Any] = []
    for place, run in enumerate(runs):
        marks += _run_marks(run, place * (BAR + GAP), live)
    width = len(runs) * (BAR + GAP) - GAP
    return _svg(width, HEIGHT, words, marks, "chart runs", _width=str(width), _height=str(HEIGHT))


def _history_words(T: Translate, runs: Sequence[Run], live: int | None) -> Any:
    if not runs:
        return T("no runs yet")
    found = [_kind(run, live) for run in runs]
    texts = {
        RunState.COMPLETED: T("completed: %s"),
        RunState.FAILED: T("failed: %s"),
        RunState.CANCELLED: T("stopped: %s"),
        RunState.RUNNING: T("working: %s"),
    }
    parts = [str(text % found.count(kind)) for kind, text in texts.items() if kind in found]
    title = counted(T, len(runs), "The last run", "The last %(count)s runs")
    return f"{title}: {', '.join(parts)}"


def _kind(run: Run, live: int | None) -> RunState:
    return RunState.FAILED if run.state is RunState.RUNNING and run.id != live else run.state


def _run_marks(run: Run, x: int, live: int | None) -> list[Any]:
    kind = _kind(run, live)
    moved = run.changed + run.sent
    height = min(HEIGHT, 4 + round(5 * math.log10(moved + 1)))
    if kind is RunState.FAILED:
        middle = HEIGHT - 6
        cross = f"M{x} {middle - 3}l{BAR} {BAR}m0 -{BAR}l-{BAR} {BAR}"
        return [TAG.path(_d=cross, _class="mark-failed")]
    if kind is RunState.CANCELLED:
        return [_rect(x + 1, HEIGHT - 9, BAR - 2, 8, "mark-stopped")]
    if kind is RunState.RUNNING:
        return [_rect(x + 1, 1, BAR - 2, HEIGHT - 2, "mark-working")]
    return [_rect(x, HEIGHT - height, BAR, height, "mark-completed")]


def by_day(T: Translate, days: Sequence[Day]) -> Any:
    """Return the records of some days as pairs of bars: received and sent.

    Args:
        T: web2py's translator.
        days: consecutive days, oldest first, at least one of them with records.
    """
    most = max(max(day.received, day.sent) for day in days)
    marks: list[Any] = []
    for place, day in enumerate(days):
        x = place * DAY_WIDTH
        for offset, count, look in ((3, day.received, "mark-received"), (12, day.sent, "mark-sent")):
            if count:
                height = max(2, round(PLOT_HEIGHT * count / most))
                marks.append(_rect(x + offset, PLOT_HEIGHT - height, 8, height, look))
    received, sent = sum(day.received for day in days), sum(day.sent for day in days)
    words = counted(
        T,
        len(days),
        "Records of the last day: %(received)s received, %(sent)s sent",
        "Records of the last %(count)s days: %(received)s received, %(sent)s sent",
        received=number(received),
        sent=number(sent),
    )
    # The picture is stretched to the width of the page, so its labels are outside.
    plot = _svg(len(days) * DAY_WIDTH, PLOT_HEIGHT, words, marks, "chart days", _preserveAspectRatio="none")
    return DIV(
        DIV(number(most), _class="chart-top"),
        plot,
        DIV(SPAN(days[0].day.isoformat()), SPAN(days[-1].day.isoformat()), _class="chart-foot"),
        _class="chart-plot",
    )


def swatch(series: str) -> Any:
    """Return a sample of a series for the legend: "received" or "sent"."""
    return TAG.svg(
        _rect(1, 1, 10, 10, f"mark-{series}"),
        _class="swatch",
        _viewBox="0 0 12 12",
        _width="12",
        _height="12",
        **{"_aria-hidden": "true", "_focusable": "false"},
    )


def _svg(view_width: int, view_height: int, words: Any, marks: Sequence[Any], look: str, **more: str) -> Any:
    return TAG.svg(
        TAG.title(words),
        *marks,
        _class=look,
        _role="img",
        _viewBox=f"0 0 {view_width} {view_height}",
        **more,
        **{"_aria-label": words},
    )


def _rect(x: int, y: int, width: int, height: int, look: str) -> Any:
    return TAG.rect(_x=str(x), _y=str(y), _width=str(width), _height=str(height), _class=look)
