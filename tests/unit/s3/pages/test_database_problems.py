"""What a person is told whose form the database did not take is never better than what is known."""

from __future__ import annotations

from s3.pages.database_problems import problem
from s3sync.core.errors import StoreBusy, StoreFull
from s3sync.ui.passing import RETRY_AFTER


def test_a_busy_database_has_saved_nothing() -> None:
    told = problem(StoreBusy("locked"), str)
    assert (told.status, told.retry_after) == (503, RETRY_AFTER) and "nothing was saved" in told.text


def test_of_a_database_that_was_lost_at_the_end_nobody_knows() -> None:
    lost = StoreBusy("gone")
    lost.uncertain = True
    told = problem(lost, str)
    assert (told.status, told.retry_after) == (503, RETRY_AFTER)
    assert "is not known" in told.text and "nothing was saved" not in told.text


def test_a_full_disk_is_not_tried_again_by_itself() -> None:
    assert problem(StoreFull("full"), str).retry_after is None
