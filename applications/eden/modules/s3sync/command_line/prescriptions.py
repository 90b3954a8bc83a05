"""What another site prescribes to this one, and the consent to what is more than was agreed, as on the screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..active import prescribed as prescribed
from ..core.errors import AlreadyRunning, SyncError
from ..site import Repository, Site
from ..site.labels import Translate
from ..site.wanted.followed import Followed, followed_in
from ..web.screens.words.prescriptions import excess_lines, problem_words
from .states import repository_named
from .words import Refusal, plain

#: Characters of a mark: enough to tell one prescription from the next.
MARK = 12


def prescription(site: Site, T: Translate, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a repository prescribes and what of it waits for consent; accept it with its mark.

    Args:
        site: this site.
        T: web2py's translator.
        given: repository (name or number), accept (the mark that the command has shown), None to look only.

    Raises:
        Refusal: there is no such repository, it may prescribe nothing here, or it prescribes something else by now.
    """
    key = repository_named(site, given["repository"])
    assert key is not None
    repository = site.repository(key)
    followed = _followed(repository)
    mark = given.get("accept")
    if mark:
        followed = _accepted(repository, followed, str(mark))
        site.db.commit()
    told, more = prescribed.open_of(site.repository(key), followed)
    in_force = followed.in_force
    problem = problem_words(T, followed)
    return {
        "name": repository.name,
        "resources": [] if in_force is None else [each.resource for each in in_force.resources],
        "minutes": 0 if in_force is None else in_force.minutes,
        "problem": plain(problem) if problem else None,
        "more": [plain(line) for line in excess_lines(site, T, more, told)],
        "mark": followed.fingerprint[:MARK] if more else None,
        "accepted": bool(mark),
        "needs_attention": bool(problem),
    }


def _followed(repository: Repository) -> Followed:
    followed = followed_in(repository.settings)
    if followed is None:
        raise Refusal(
            f"{repository.name} may prescribe nothing here.",
            "Let it do so on its page: Resources > Let it prescribe.",
        )
    return followed


def _accepted(repository: Repository, followed: Followed, mark: str) -> Followed:
    _, more = prescribed.open_of(repository, followed)
    if not more:
        raise Refusal(
            f"Nothing that {repository.name} prescribes waits for consent.", "There is nothing to do."
        )
    again = f"./eden prescription '{repository.name}' shows it, with its mark."
    if len(mark) < MARK or not followed.fingerprint.startswith(mark):
        raise Refusal(f"{repository.name} prescribes something else than what has this mark.", again)
    try:
        found = prescribed.accept(repository, followed.fingerprint)
    except AlreadyRunning as error:
        raise Refusal(
            "The repository is being synchronised.", "Try it again when the run has ended."
        ) from error
    except prescribed.ChangedMeanwhile as error:
        raise Refusal(f"{repository.name} prescribes something else by now.", again) from error
    except SyncError as error:
        raise Refusal(error.message, error.hint) from error
    return followed if found is None else found
