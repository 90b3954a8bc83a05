"""Answers what is new of all resources: with nothing, with pages that are small, or with what to pull.

It decides as a pull would, and does what a pull does: a resource is said to have nothing only where a pull would get an
empty page and change nothing here.
"""

from __future__ import annotations

import io
import logging

from ..core.errors import SyncError
from ..site import Repository, Site
from ..site.scoping import prescribing as prescribing
from ..site.scoping import scopes as scopes
from ..wire.protocol.news import NewsAnswer, NewsQuestion
from ..wire.protocol.pull import PullRequest
from .contact import note_contact, registered
from .pull import idle_of, is_idle, pull, try_again

log = logging.getLogger("eden.sync")

#: Maximum number of main records in a page that travels with the answer, of its bytes, and of those of all pages.
MOST_RECORDS, PAGE_SIZE, ANSWER_SIZE = 100, 128 * 1024, 512 * 1024


class _DoesNotFit(Exception):
    """A page has more bytes than may travel with the answer."""


class _Room(io.BytesIO):
    """Takes so many bytes only: a page that does not fit is given up before anything of it is remembered."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._left -= len(data)
        if self._left < 0:
            raise _DoesNotFit
        return super().write(data)


def news(site: Site, asking: str | None, question: NewsQuestion) -> NewsAnswer:
    """Answer a question.

    Args:
        site: this site.
        asking: how the asking site identifies itself.
        question: what it asks.

    Raises:
        NotRegistered, ForeignAccount: it is not registered, or belongs to another account.
        BadRequest: a pull cannot be read.
    """
    repository = registered(site, asking)
    if question.follows is not None:
        prescribing.note(repository, question.follows)
        prescription = prescribing.of_repository(repository)
        present = "" if prescription is None else prescription.digest
        if question.follows.rstrip("-") != present:
            # What is asked may be something else then: nothing is handed out.
            note_contact(repository)
            return NewsAnswer(prescribed=prescription and prescription.to_json(), prescribes=True)
    pulls = _asked(repository, question)
    if pulls is None:
        return NewsAnswer(known=False)
    requests = question.requests(pulls)
    if question.pulls is not None or question.after is not None:
        with site.store.transaction():
            repository.states.save_question(question.digest, pulls)
    note_contact(repository)
    if requests:
        try_again(repository, requests[0])
    scope = scopes.of_repository(repository)
    waits: list[str] = []
    pages: dict[str, str] = {}
    room = ANSWER_SIZE
    idle = idle_of(repository, requests, scope)
    for request in requests:
        if request.resource in idle:
            continue
        request = question.told_by(asking or "", request)
        try:
            if is_idle(repository, request, scope):
                continue
            page = _page(site, request, min(PAGE_SIZE, room))
        except (SyncError, _DoesNotFit):
            # Pulled by itself it is refused with its reason, or travels as a stream.
            site.db.rollback()
            waits.append(request.resource)
            continue
        except Exception:
            # Its own pull fails and says so; the others go on.
            log.exception("%s could not be answered together with others", request.resource)
            site.db.rollback()
            waits.append(request.resource)
            continue
        room -= len(page)
        pages[request.resource] = page.decode("utf-8")
    return NewsAnswer(True, waits, pages, site.kept_versions.count_waiting(repository.id))


def _asked(repository: Repository, question: NewsQuestion) -> list[str] | None:
    if question.pulls is not None:
        return list(question.pulls)
    digest, pulls = repository.states.question()
    return pulls if digest == question.digest else question.changed(digest, pulls)


def _page(site: Site, request: PullRequest, size: int) -> bytes:
    out = _Room(size)
    pull(site, request.with_limit(MOST_RECORDS), out)
    return out.getvalue()
