"""Remedies and reasons in the reader's language: none that the code itself says is forgotten."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import s3sync
from s3sync.core.errors import SyncError
from s3sync.core.messages import Sentence
from s3sync.core.policy import DecisionReason
from s3sync.web.screens.words import errors as errors
from s3sync.web.screens.words import remedies as remedies


def kinds_of(base: type[SyncError]) -> Iterator[type[SyncError]]:
    yield base
    for each in base.__subclasses__():
        yield from kinds_of(each)


def test_every_remedy_of_an_error_is_in_the_readers_language() -> None:
    # An error is known once its module is imported.
    for each in pkgutil.walk_packages(s3sync.__path__, "s3sync."):
        importlib.import_module(each.name)
    ours = [each for each in kinds_of(SyncError) if each.__module__.startswith("s3sync.")]
    known = set(remedies.remedies(str))
    assert {each.code for each in ours} <= known
    assert known <= {each.code for each in ours} | {each.code for each in Sentence}
    assert {each.code for each in ours} == set(errors.errors(str))


def test_every_reason_of_the_policy_is_in_the_readers_language() -> None:
    assert set(DecisionReason) == set(remedies.reasons(str))


def test_a_stored_reason_is_told_in_the_readers_language_and_another_text_as_it_is() -> None:
    words = remedies.reason_words(str)
    assert words(DecisionReason.NO_MERGE.value) == "This resource joins no records."
    assert words("A rule of another site.") == "A rule of another site."
    assert words(None) == ""
