"""Alerts of a feed become incidents, as the worker fetches them: each ends in one outcome, and nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.active.preview import preview
from s3sync.adapters.base import Remote
from s3sync.adapters.cap import AT_ONCE, AlertsAdapter
from s3sync.adapters.connection_test import Answer, Question
from s3sync.exchange.run.failures import RunFailed
from s3sync.worker import synchronise as synchronise
from tests.support.alerts import (
    SQUARE_AREA,
    AlertServer,
    alert,
    alert_server,
    area,
    atom,
    info,
    reference,
    rss,
)
from tests.support.site import IN_A_FILE, SampleSite

INCIDENT, LATER, LATEST = "event_incident", "2026-03-01T10:00:00-05:00", "2026-03-01T11:00:00-05:00"


class Listener:
    """A site that fetches alerts from a server."""

    def __init__(self, folder: Path, server: AlertServer, **entered: str) -> None:
        self.server = server
        self.site = SampleSite(folder / "site", IN_A_FILE)
        self.site.clock.step(86_400)
        db = self.site.db
        db.sync_repository.insert(
            name="weather", apitype="cap", url=f"{server.url}/feed", settings={"adapter": entered}
        )
        db.sync_task.insert(repository_id=1, resource_name=INCIDENT, mode=1)
        db.commit()

    def run(self) -> dict[str, Any]:
        self.site.clock.step()
        return synchronise._synchronize(self.site, 1, None, True)

    def incidents(self) -> list[Any]:
        table = self.site.db[INCIDENT]
        found = list(self.site.db(table.deleted == False).select(orderby=table.name))  # noqa: E712 - SQL
        self.site.db.commit()
        return found

    def incident(self) -> Any:
        (found,) = self.incidents()
        return found

    def log(self) -> str:
        entries = self.site.db(self.site.db.sync_log).select()
        self.site.db.commit()
        return "\n".join(f"{each.result} {each.message}" for each in entries)

    def list(self, *alerts: str) -> None:
        """Let the feed list alerts, the newest first, each at an address of its own."""
        for number, text in enumerate(alerts):
            self.server.pages[f"/{number}.xml"] = text
        self.server.pages["/feed"] = rss(*(f"/{number}.xml" for number in reversed(range(len(alerts)))))


@pytest.fixture()
def server() -> Iterator[AlertServer]:
    with alert_server() as found:
        yield found


@pytest.fixture()
def listener(tmp_path: Path, server: AlertServer) -> Listener:
    return Listener(tmp_path, server)


def test_an_alert_becomes_an_incident_and_comes_only_once(listener: Listener) -> None:
    listener.list(alert("A1", info(area=SQUARE_AREA)))
    listener.run()
    found, db = listener.incident(), listener.site.db
    assert (found.name, found.severity, found.closed) == ("Flood at the river", 8, False)
    assert db.event_incident_type(found.incident_type_id).name == "Flood"
    assert (
        db.gis_location(found.location_id).wkt.startswith("POLYGON")
        and "Urgency: Immediate" in found.comments
    )
    asked = list(listener.server.asked)
    for _ in range(2):
        listener.run()
    assert listener.server.asked == [*asked, "/feed", "/feed"] and listener.server.unchanged == 2
    assert listener.incident().modified_on == found.modified_on


def test_updates_change_the_incident_and_a_cancellation_ends_it(listener: Listener) -> None:
    first = alert("A1", info(area=SQUARE_AREA))
    update = alert(
        "A2",
        info("It is worse", severity="Extreme", area=SQUARE_AREA),
        sent=LATER,
        refers=reference(),
        msgType="Update",
    )
    listener.list(first)
    listener.run()
    before = listener.incident()
    listener.list(first, update)
    listener.run()
    worse = listener.incident()
    assert (worse.id, worse.name, worse.severity, worse.location_id) == (
        before.id,
        "It is worse",
        10,
        before.location_id,
    )
    cancel = alert(
        "A3", sent=LATEST, refers=reference("A2", LATER), msgType="Cancel", note="The water is gone"
    )
    listener.list(first, update, cancel)
    listener.run()
    over = listener.incident()
    assert over.closed and over.end_date.isoformat() == "2026-03-01T16:00:00" and over.id == before.id
    assert (over.name, over.location_id, over.incident_type_id) == (
        worse.name,
        worse.location_id,
        worse.incident_type_id,
    )
    assert over.comments.startswith("Cancel: The water is gone\n\nThe river rises.")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_order_in_a_feed_does_not_matter(listener: Listener, order: tuple[int, ...]) -> None:
    told = [
        alert("A1", info("First")),
        alert("A2", info("Second"), sent=LATER, refers=reference(), msgType="Update"),
        alert("A3", sent=LATEST, refers=reference("A2", LATER), msgType="Cancel"),
    ]
    listener.list(*(told[each] for each in order))
    listener.run()
    assert listener.incident().closed and listener.incident().name == "Second"


def test_an_update_whose_beginning_is_not_listed_any_more_is_an_incident_and_stays_it(
    listener: Listener,
) -> None:
    update = alert("A2", info("Second"), sent=LATER, refers=reference(), msgType="Update")
    listener.list(update)
    listener.run()
    before = listener.incident()
    listener.list(
        update,
        alert(
            "A3",
            info("Third"),
            sent=LATEST,
            refers=f"{reference()} {reference('A2', LATER)}",
            msgType="Update",
        ),
    )
    listener.run()
    assert listener.incident().id == before.id and listener.incident().name == "Third"
    listener.list(alert("A1", info("First")))
    listener.run()
    assert listener.incident().name == "Third", "what was updated comes late, and is older"


def test_an_alert_that_comes_after_its_cancellation_is_over(listener: Listener) -> None:
    cancel = alert("A3", sent=LATEST, refers=reference(), msgType="Cancel", note="False alarm")
    listener.list(cancel)
    listener.run()
    assert listener.incidents() == []
    listener.list(cancel, alert("A1", info("First")))
    listener.run()
    found = listener.incident()
    assert found.closed and found.end_date.isoformat() == "2026-03-01T16:00:00"
    assert found.comments.startswith("Cancel: False alarm\n\nThe river rises.")
    update = alert("A2", info("Second"), sent=LATER, refers=reference(), msgType="Update")
    listener.list(cancel, alert("A1", info("First")), update)
    listener.run()
    assert listener.incident().closed and listener.incident().name == "First", "it is older than the end"


def test_a_long_feed_with_the_cancellation_on_another_page_than_its_alert_leaves_nothing_open(
    listener: Listener,
) -> None:
    others = [alert(f"A{each}", info(f"Flood {each}"), msgType="Ack") for each in range(AT_ONCE + 1)]
    cancel = alert("C", sent=LATEST, refers=reference("X"), msgType="Cancel")
    listener.list(cancel, *others, alert("X", info("Cancelled")))
    listener.run()
    assert listener.incident().closed


def test_an_older_update_that_comes_late_leaves_what_is_known_as_it_is(listener: Listener) -> None:
    told = [
        alert("A1", info("First")),
        alert("A3", info("Third"), sent=LATEST, refers=reference(), msgType="Update"),
        alert("A2", info("Second"), sent=LATER, refers=reference(), msgType="Update"),
        alert("A4", sent="2026-03-01T12:00:00-05:00", refers=reference("A2", LATER), msgType="Cancel"),
    ]
    for count in range(1, 5):
        listener.list(*told[:count])
        listener.run()
    assert listener.incident().closed and listener.incident().name == "Third"
    assert "conflict" not in listener.log()


def test_several_alerts_of_a_new_event_all_have_its_type(listener: Listener) -> None:
    listener.list(*(alert(f"A{each}", info(f"Flood {each}")) for each in range(3)))
    listener.run()
    kinds = {each.incident_type_id for each in listener.incidents()}
    assert len(kinds) == 1 and None not in kinds and "warning" not in listener.log()


def test_an_update_of_several_goes_on_with_the_first_and_ends_the_others(listener: Listener) -> None:
    one, two = alert("A1", info("One")), alert("B1", info("Two"), sent=LATER)
    both = alert(
        "C1", info("Both"), sent=LATEST, refers=f"{reference('B1', LATER)} {reference()}", msgType="Update"
    )
    listener.list(one, two)
    listener.run()
    listener.list(one, two, both)
    listener.run()
    assert [(each.name, each.closed) for each in listener.incidents()] == [("Both", False), ("Two", True)]


def test_what_a_person_entered_stays_and_a_later_alert_wins(listener: Listener) -> None:
    first = alert("A1", info("Flood"))
    listener.list(first)
    listener.run()
    db = listener.site.db
    db(db[INCIDENT]).update(action_plan="Open the school", level=2)
    db.commit()
    sent = "2026-03-02T20:00:00-05:00"
    listener.site.clock.step(86_400)
    listener.list(first, alert("A2", info("Worse"), sent=sent, refers=reference(), msgType="Update"))
    listener.run()
    found = listener.incident()
    assert (found.name, found.action_plan, found.level) == ("Worse", "Open the school", 2)


def test_what_is_not_meant_is_passed_over_and_said_once(listener: Listener) -> None:
    listener.list(
        *(alert(status[:2], info(), status=status) for status in ("Test", "Exercise", "Draft", "System")),
        alert("Ack", info(), msgType="Ack"),
        alert("C9", msgType="Cancel", refers=reference("unknown")),
        alert("Nothing"),
        alert("Good", info("Good")),
    )
    listener.run()
    assert [each.name for each in listener.incidents()] == ["Good"]
    said = listener.log()
    for text in (
        "Te (weather@example.org) was passed over: its status is Test",
        "Ex (weather@example.org) was passed over: its status is Exercise",
        "Ack (weather@example.org) was passed over: Ack tells nothing new",
        "C9 (weather@example.org) was passed over: it cancels one that did not come here",
        "Nothing (weather@example.org) was passed over: it says nothing",
        "8 records received: 1 created, 7 skipped",
    ):
        assert text in said, said
    listener.run()
    assert listener.log().count("its status is Test") == 1


def test_an_alert_that_cannot_be_read_does_not_stop_the_others(listener: Listener) -> None:
    listener.list("<no xml", "<!DOCTYPE a [<!ENTITY x 'y'>]>" + alert(), alert("Good", info("Good")))
    listener.server.pages["/feed"] = rss(
        "/gone", "/broken", "http://169.254.169.254/latest", "/moved", *("/2.xml", "/1.xml", "/0.xml")
    )
    listener.server.pages["/broken"] = (500, "oops")
    listener.server.pages["/moved"] = (302, "http://127.0.0.2:1/x")
    listener.run()
    assert listener.incident().name == "Good"
    said = listener.log()
    for text in (
        "it is no XML",
        "it has a DTD",
        "(404)",
        "at another server",
        "500",
        "nothing is asked elsewhere",
    ):
        assert text in said, text
    asked = len(listener.server.asked)
    listener.server.pages["/broken"] = alert("Late", info("Late"))
    listener.run()
    assert listener.server.asked[asked:] == ["/feed", "/broken"], "only what failed there is asked for again"
    assert [each.name for each in listener.incidents()] == ["Good", "Late"]


def test_alerts_at_another_server_come_if_it_is_allowed(tmp_path: Path, server: AlertServer) -> None:
    with alert_server() as other:
        listener = Listener(tmp_path, server, servers=other.url)
        other.pages["/a"] = alert("A1", info("There"))
        server.pages["/feed"] = rss(f"{other.url}/a")
        listener.run()
        assert listener.incident().name == "There"


def test_a_long_feed_comes_page_by_page(listener: Listener) -> None:
    count = 2 * AT_ONCE + 3
    listener.list(*(alert(f"A{each}", info(f"Flood {each:03d}")) for each in range(count)))
    listener.run()
    assert len(listener.incidents()) == count and listener.server.asked.count("/feed") == 1
    assert len(listener.server.asked) == count + 1


def test_a_single_alert_at_an_address_and_one_in_another_language(
    tmp_path: Path, server: AlertServer
) -> None:
    listener = Listener(tmp_path, server, language="fr")
    server.pages["/feed"] = alert("A1", info("Flood"), info("Inondation", "fr-FR"))
    listener.run()
    assert listener.incident().name == "Inondation"


def test_the_same_area_of_several_alerts_is_one_location(listener: Listener) -> None:
    other = area("Leogane", "<circle>18.5,-72.5 10</circle>")
    listener.list(
        *(
            alert(f"A{each}", info(f"N{each}", area=where))
            for each, where in enumerate((SQUARE_AREA, SQUARE_AREA, other))
        )
    )
    listener.run()
    places = [each.location_id for each in listener.incidents()]
    assert places[0] == places[1] != places[2]
    assert listener.site.db.gis_location(places[2]).radius == 10_000


def test_a_feed_that_is_none_or_away_fails_in_words_and_takes_nothing(listener: Listener) -> None:
    listener.server.pages["/feed"] = "<html><title>Log in</title></html>"
    with pytest.raises(RunFailed, match="is no feed of alerts"):
        listener.run()
    listener.list(alert("A1", info("Good")))
    listener.run()
    listener.server.pages["/feed"] = (503, "later")
    with pytest.raises(RunFailed):
        listener.run()
    assert listener.incident().name == "Good"


def test_another_resource_is_refused_with_what_to_do(listener: Listener) -> None:
    listener.site.db(listener.site.db.sync_task).update(resource_name="org_office")
    listener.site.db.commit()
    listener.list(alert("A1", info()))
    with pytest.raises(RunFailed, match="Alerts become incidents"):
        listener.run()


def test_a_preview_tells_what_would_come_and_takes_nothing(listener: Listener) -> None:
    listener.list(alert("A1", info("Good")))
    repository = listener.site.repository(1)
    for _ in range(2):
        (looked,) = preview(repository, repository.tasks).resources
        assert looked.incoming is not None and looked.incoming.dry_run is not None
        assert looked.incoming.dry_run.outcomes == {"created": 1} and looked.outgoing is None
    assert listener.incidents() == []
    listener.run()
    assert listener.incident().name == "Good"


def connection(server: AlertServer, tmp_path: Path, **entered: str) -> dict[Question, Answer]:
    site = SampleSite(tmp_path / "test")
    remote = Remote(0, None, "weather", "urn:x", "site", {"url": f"{server.url}/feed", **entered})
    with AlertsAdapter(remote, site.lines()) as adapter:
        return {each.question: each.answer for each in adapter.test(60).findings}


def test_the_connection_test_tells_what_is_there(server: AlertServer, tmp_path: Path) -> None:
    server.pages["/feed"] = atom(("/a", "2026-03-01T10:00:00Z"))
    assert connection(server, tmp_path)[Question.ALERTS] is Answer.WRONG_ALERT
    server.pages["/a"] = alert("A1", info())
    assert connection(server, tmp_path)[Question.ALERTS] is Answer.LISTED
    server.pages["/feed"] = "<html/>"
    assert connection(server, tmp_path)[Question.ALERTS] is Answer.NO_FEED
    server.pages["/feed"] = (401, "who are you")
    assert connection(server, tmp_path, username="x", password="y")[Question.LOGIN] is Answer.KEPT_OUT
    server.pages["/feed"] = (404, "")
    assert connection(server, tmp_path)[Question.ALERTS] is Answer.NO_FEED
