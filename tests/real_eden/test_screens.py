"""Our screens in the frame of a real Eden, in a headless Chromium: ``./test --eden FOLDER``.

Skipped without an Eden or without a browser. Only our part of a page is measured: the rest is Eden's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import LAPTOP, PHONE, Person, chromium, missing, person
from tests.support.real_eden import EMAIL, MARKS, PASSWORD, copied

pytestmark = [
    *MARKS,
    pytest.mark.browser,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]
PICTURES = os.environ.get("EDEN_PICTURES")
OURS = ".s3sync"
SCREENS = (
    "sync/index",
    "sync/config",
    "sync/config/identifier",
    "sync/repository/create",
    "sync/repository/{key}",
    "sync/repository/{key}/update",
    "sync/repository/{key}/task",
    "sync/repository/{key}/job",
    "sync/repository/{key}/log",
    "sync/repository/{key}/kept",
    "sync/repository/{key}/scope",
    "sync/repository/{key}/preview",
    "sync/repository/{key}/awaited",
    "sync/log",
    "sync/begun",
    "sync/kept",
    "sync/dataset",
    "sync/stick",
    "sync/invitation",
    "sync/join",
    "sync/scope",
    "sync/notice",
    "sync/bin",
    "sync/datasets",
    "sync/history/org_organisation?uuid={uuid}",
    "sync/changes/org_organisation?uuid={uuid}",
)


@pytest.fixture(scope="module")
def somebody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Person, dict[str, Any]]]:
    """An administrator before the screen of an Eden that has exchanged some organisations with another one."""
    folder: Path = tmp_path_factory.mktemp("screens")
    ours, other = copied(folder / "ours"), copied(folder / "other")
    for eden in (ours, other):
        eden.ask("administrator", email=EMAIL, password=PASSWORD)
    other.ask("organisations", names=["Alpha", "Beta"])
    for eden in (ours, other):
        eden.install()
    with other.served() as url:
        made = ours.ask("connect", url=url, email=EMAIL, password=PASSWORD, resources=["org_organisation"])
        ours.ask("synchronise", key=made["key"])
    found = ours.ask("organisations", names=[])
    with ours.served() as url, chromium() as browser:
        yield person(browser, url).log_in(EMAIL, PASSWORD), {"key": made["key"], "uuid": found["Alpha"]}
    assert ours.tickets() == []


def our_overflow(page: Any) -> int:
    """Return by how many pixels what is in our part is wider than our part."""
    return int(
        page.evaluate(
            "(() => { const ours = document.querySelector('.s3sync');"
            " return ours.scrollWidth - ours.clientWidth; })()"
        )
    )


@pytest.mark.parametrize("path", SCREENS)
def test_a_screen_in_the_frame_of_an_eden(somebody: tuple[Person, dict[str, Any]], path: str) -> None:
    who, names = somebody
    page, who.complaints = who.page, []
    answer = who.open("/" + path.format(**names))
    assert answer.ok, f"{path}: {answer.status}"
    assert page.locator(OURS).count() == 1, page.content()[:3000]
    for size in (LAPTOP, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert our_overflow(page) <= 0, f"wider than its part at {size[0]} pixels"
        found = who.violations(OURS)
        assert not found, "\n".join(found)
        if PICTURES:
            name = path.partition("?")[0].format(**names).replace("/", "-")
            page.screenshot(path=f"{PICTURES}/eden-{name}-{size[0]}.png", full_page=True)
    page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})
    assert not who.complaints


def test_edens_own_pages_have_nothing_of_ours(somebody: tuple[Person, dict[str, Any]]) -> None:
    who, _ = somebody
    assert who.open("/org/organisation").ok
    assert who.page.locator(OURS).count() == 0
    assert who.page.locator("link[href*='/static/sync/'], link[href*='/static/bootstrap/']").count() == 0
