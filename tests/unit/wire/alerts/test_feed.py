"""Feeds list alerts; what they list is looked at oldest first."""

from __future__ import annotations

import pytest

from s3sync.wire.alerts import feed as feed
from s3sync.wire.alerts.cap import MOST_BYTES, AlertError
from s3sync.wire.alerts.feed import MOST_FEED, entries
from tests.support.alerts import SENDER, alert, atom, info, rss

HERE = "https://alerts.example.org/feeds/all.xml"


def listed(document: str) -> list[tuple[str, str]]:
    return [(each.address, each.mark) for each in entries(document.encode(), HERE)]


def test_entries_of_atom_are_sorted_by_time_and_their_links_are_resolved() -> None:
    later, sooner = "2026-03-01T10:00:00Z", "2026-03-01T10:00:00+02:00"
    found = listed(atom(("/b.xml", later), ("../a.xml", sooner)))
    assert found == [
        ("https://alerts.example.org/a.xml", sooner),
        ("https://alerts.example.org/b.xml", later),
    ]


def test_the_link_to_the_alert_is_taken_before_that_to_a_page() -> None:
    link = f'<link rel="related" type="{feed.MEDIA_TYPE}" href="/cap"/>'
    assert listed(atom(("/page", "")).replace("</entry>", f"{link}</entry>"))[0][0].endswith("/cap")
    item = f'<enclosure url="/cap" type="{feed.MEDIA_TYPE}"/></item>'
    assert listed(rss("/page").replace("</item>", item))[0][0].endswith("/cap")


def test_entries_of_rss_come_newest_first_and_are_turned_round() -> None:
    assert [address[-2:] for address, _ in listed(rss("/c", "/b", "/a"))] == ["/a", "/b", "/c"]
    dated = rss("/b", "/a").replace("</item>", "<pubDate>Sun, 01 Mar 2026 08:00:00 +0000</pubDate></item>", 1)
    assert [address[-2:] for address, _ in listed(dated)] == ["/a", "/b"]


def test_alerts_may_stand_in_the_feed_itself() -> None:
    inside = atom(("/a", "2026-03-01T10:00:00Z")).replace(
        "</entry>", f"<content>{alert('X', info())}</content></entry>"
    )
    (found,) = entries(inside.encode(), HERE)
    assert found.alert is not None and found.address.startswith(f"{SENDER},X,")
    (broken,) = entries(inside.replace("<sent>2026", "<sent>soon").encode(), HERE)
    assert broken.alert is None and "sent is no time" in broken.problem


def test_a_single_alert_is_a_feed_of_one() -> None:
    (found,) = entries(alert().encode(), HERE)
    assert found.alert is not None and found.alert.identifier == "A1"


def test_what_is_no_address_is_left_out() -> None:
    assert listed(rss("", "http://[", "/" + "x" * feed.LONGEST_ADDRESS, "/a"))[0][0].endswith("/a")
    assert len(listed(rss("", "http://[", "/a"))) == 1


@pytest.mark.parametrize(
    "bad", ["", "{}", "<html/>", "<rss/>", '<!DOCTYPE rss [<!ENTITY a "b">]><rss><channel/></rss>']
)
def test_what_is_no_feed_is_refused(bad: str) -> None:
    with pytest.raises(AlertError):
        entries(bad.encode(), HERE)


def test_a_feed_with_too_many_entries_is_refused() -> None:
    with pytest.raises(AlertError, match="more than 2000 entries"):
        entries(rss(*(f"/{each}" for each in range(feed.MOST_ENTRIES + 1))).encode(), HERE)


def test_a_feed_with_its_alerts_in_it_may_have_more_bytes_than_an_alert() -> None:
    inside = "".join(
        f"<entry>{alert(f'A{each}', info(description='x' * 19_000))}</entry>" for each in range(300)
    )
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom">{inside}</feed>'.encode()
    assert MOST_BYTES < len(feed) < MOST_FEED
    assert len(entries(feed, "http://example.org/feed")) == 300
    with pytest.raises(AlertError, match="more than 16 MB"):
        entries(b" " * (MOST_FEED + 1), "http://example.org/feed")
