"""What failed in a run, in a sentence or two."""

from __future__ import annotations

from typing import Callable

from ....core.messages import FailureRecord, read_failures
from ....core.plurals import counted
from ....database.runs import Run
from ....site import Site
from ....site.labels import Translate, resource_title
from .messages import MessageWords

#: Errors whose message tells more than their heading.
_UNSPECIFIC = ("sync_error", "run_broken_off")
LONGEST = 300


def titled_here(name: str) -> str:
    """Return what the records of a table are called at the site of this request."""
    return resource_title(Site.from_current(), name)


def failure_of(T: Translate, run: Run, title: Callable[[str], str] = titled_here) -> str:
    """Return what failed in a run, in one or two sentences: the first failed resource, and how many more.

    Args:
        T: web2py's translator.
        run: the run; one of a former version has no failures, so its message is shown unchanged.
        title: what the records of a table are called.
    """
    failures = read_failures(run.failures)
    if not failures:
        return _cut(run.message.strip())
    first, resources = failures[0], {each.resource for each in failures}
    what = _kind(T, first)
    if len(resources) > 1 and len({each.code for each in failures}) == 1:
        failed = counted(T, len(resources), "%(count)s resource failed.", "%(count)s resources failed.")
        return f"{_ended(what)} {failed}"
    if first.resource:
        what = str(T("%(what)s: %(reason)s")) % {"what": title(first.resource), "reason": what}
    more = len(resources) - 1
    if not more:
        return _ended(what)
    rest = counted(T, more, "%(count)s more resource failed.", "%(count)s more resources failed.")
    return f"{_ended(what)} {rest}"


def _kind(T: Translate, failure: FailureRecord) -> str:
    words = MessageWords(T)
    kind = "" if failure.code in _UNSPECIFIC else words.title(failure)
    return kind or _cut(words.message(failure))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
