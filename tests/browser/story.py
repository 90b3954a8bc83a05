"""The story of two sites as an administrator lives through it in the browser, told screen by screen.

Two use it: ``test_story.py`` looks at each screen for accessibility, and ``tests.screenshots`` takes its picture.
Every step checks that what it promises has happened.
"""

from __future__ import annotations

import re
import time
from typing import Any, Callable

from tests.browser.faults import down, without_module
from tests.browser.walk import Walk
from tests.support.chromium import person
from tests.support.stage import CLERK, PEER, SECRET, told
from tests.support.webserver import EMAIL, PASSWORD
from tools.languages import LANGUAGES, translations

NAME = "Headquarters"
NOBODY_LISTENS = "http://127.0.0.1:9/eden"
CONFLICT = "Himal Relief Alliance"
_ORGANISATIONS = (
    "[row.as_dict() for row in db(s3db['org_organisation'].deleted == False).select("
    "s3db['org_organisation'].uuid, s3db['org_organisation'].name, s3db['org_organisation'].phone, "
    "s3db['org_organisation'].website, s3db['org_organisation'].comments, orderby=s3db['org_organisation'].uuid)]"
)


class Story(Walk):
    """The administrator of the field office, who connects it with headquarters."""

    def scenes(self) -> list[Callable[[], None]]:
        """Return the story in its order."""
        return [
            self.enable,
            self.arrive,
            self.connect,
            self.choose,
            self.preview,
            self.plan,
            self.synchronise,
            self.decide,
            self.read,
            self.go_wrong,
            self.ask,
            self.keep_hands_on_the_keyboard,
            self.administrate,
            self.translate,
        ]

    # --- before anything is connected -----------------------------------------------------------------------

    def enable(self) -> None:
        """The module is not there until it is enabled in models/000_config.py."""
        with without_module(self.stage.field, "sync"):
            refused = self.admin.open("/sync/index")
            assert refused.status == 404, refused.status
            self.at("module not enabled", "not enabled")
        self.open("/default/user/login")
        self.at("log in")

    def arrive(self) -> None:
        """Log in; nothing is connected, and every screen says what to do."""
        self.admin.log_in(EMAIL, PASSWORD)
        self.open("/default/index")
        self.at("home")
        self.open("/sync/index")
        self.at("overview, empty", "in three steps", "No worker is running", "-K eden -Q")
        self.open("/sync/kept")
        self.at("conflicts, empty")
        self.open("/sync/log")
        self.at("log, empty")

    # --- connect ----------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Three attempts to enter the other site: nobody there, a wrong password, and right."""
        self.open("/sync/index")
        self.press("Add Repository")
        self.at("add a repository", "What happens")
        self._look_at_a_folder()
        self._enter(NOBODY_LISTENS, SECRET)
        self._test()
        self.at("connection test, nobody there", "does not work yet", "What to do")
        self._enter(self.address, "not the password")
        self._test()
        self.at("connection test, wrong password", "does not work yet", "password")
        self._enter(self.address, SECRET)
        self._test()
        self.at("connection test, passed", "The connection works", "Eden Sync")
        assert told(self.stage.field, "db(db.sync_repository).count()") == 0, "a test saved something"
        assert SECRET not in self.page.content()
        self.page.click("#save")
        self.page.wait_for_load_state()
        self.repository = re.search(r"/sync/repository/\d+", self.page.url).group()  # type: ignore[union-attr]
        self.at("resources, empty", "registered at the other site", "Nothing is exchanged yet")
        self.tab("Configuration")
        self.at("configuration", "agrees with ours")
        assert SECRET not in self.page.content()

    def _look_at_a_folder(self) -> None:
        """The other type of repository, which this site's operator has not allowed."""
        self.press("Folder on this machine")
        self.at("add a folder", "Folder for what is sent")
        self.page.fill("main form [name=name]", NAME)
        self.page.fill("main form [name=path]", "/srv/exchange")
        self.press("Test the connection")
        self.at("a folder that is not allowed", "folder_roots")
        self.press("Eden Sync or Sahana Eden")

    def _enter(self, url: str, password: str) -> None:
        for name, value in (("name", NAME), ("url", url), ("username", PEER), ("password", password)):
            self.page.fill(f"main form [name={name}]", value)

    def _test(self) -> None:
        self.page.click("#test-connection")
        self.page.wait_for_selector("#test")

    # --- choose -----------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Several resources at once, with what should come along; one of them by conditions."""
        self.open(self.repository + "/task")
        self.press("Add resources")
        self.at("resources, choose", "Organizations")
        for name in ("org_office", "hrm_human_resource", "cr_shelter", "hms_hospital", "event_incident"):
            self.page.locator(f"input[name=resource_name][value={name}]").check()
        self.press("Continue")
        self.at("resources, how", "Should come along", "Organizations", "Locations")
        self.press("Add")
        self.at("resources", "Offices", "Fetch and send")
        self.page.locator("#tasks").get_by_role("link", name="Shelters", exact=True).click()
        self.page.wait_for_load_state()
        self.at("one resource", "If both sites changed a record")
        self.page.click("#edit-filters")
        self.page.wait_for_load_state()
        self.page.select_option("#filters-new", "~.name")
        self.press("Add condition")
        self.page.locator("#row-0-comparison").select_option("like")
        self.page.locator("#row-0-value").fill("*")
        self.page.get_by_role("button", name="Check and count").last.click()
        self.page.wait_for_load_state()
        self.at("filters", "Matches 4 of 4 records", "~.name__like=*")

    # --- look ahead ---------------------------------------------------------------------------------------------

    def preview(self) -> None:
        """What a synchronisation would do; nothing is written at either end."""
        before = [told(site, _ORGANISATIONS) for site in (self.stage.field, self.stage.headquarters)]
        self.open(self.repository + "/preview")
        self.at("preview, before")
        self.press("Look now")
        self.at("preview", "Organizations")
        assert before == [
            told(site, _ORGANISATIONS) for site in (self.stage.field, self.stage.headquarters)
        ], "the preview changed records"

    def plan(self) -> None:
        """Put it on the schedule, far from now: the story decides when it runs."""
        self.open(self.repository + "/job")
        self.at("schedule, empty", "not on the schedule")
        self.press("Add to the schedule")
        self.page.fill("main form [name=every]", "1")
        self.page.select_option("main form [name=unit]", label="days")
        self.page.get_by_label(re.compile("^At, by the clock of")).fill("03:00")
        self.at("schedule, new job")
        self.press("Save")
        self.at("schedule", "day", "Next run")

    # --- synchronise ----------------------------------------------------------------------------------------------

    def synchronise(self) -> None:
        """Without a worker it waits and says how to start one; with one it can be followed live."""
        self.open(self.repository + "/now")
        self.at("synchronize now", "Synchronize now")
        self.press("Synchronize now")
        self.at("synchronize now, no worker", "Waiting for a worker", "-K eden -Q")
        with self.stage.worker():
            # Nobody presses anything: the script finds that the run begins, shows it, and finds its end.
            self.page.wait_for_selector("#live[data-state=running]")
            self.at("synchronize now, running", "Synchronizing", "You can leave this page")
            self.open("/sync/index")
            self.at("overview, working")
            self.open(self.repository + "/now")
            self.page.wait_for_selector("#summary")
            self.at("synchronize now, summary", "The last run", "Organizations")
            self.open("/sync/index")
            self.at("overview", NAME)
            self.open(self.repository)
            self.at("repository", "Runs")

    def run_once(self) -> None:
        """Synchronise by hand and wait for the end."""
        runs = told(self.stage.field, "db(db.sync_run).count()")
        self.open(self.repository + "/now")
        self.press("Synchronize now")
        with self.stage.worker():
            deadline = time.monotonic() + 180
            ended = "db((db.sync_run.finished_on != None)).count()"
            while told(self.stage.field, ended) <= runs:
                assert time.monotonic() < deadline, "the run did not end"
                time.sleep(1)
        self.open(self.repository + "/now")

    # --- decide -----------------------------------------------------------------------------------------------------

    def decide(self) -> None:
        """Both sites change the same field; a person chooses, everything else is merged, and both agree."""
        self._edit(self.stage.headquarters.url, phone="+977 1 000 111", website="https://hq.example.org")
        self._edit(self.stage.field.url, phone="+977 1 222 333", comments="Edited in the field")
        self.run_once()
        self.open("/sync/kept")
        self.at("conflicts", CONFLICT)
        self.page.locator("main table").get_by_role("link", name=re.compile(CONFLICT)).first.click()
        self.page.wait_for_load_state()
        self.at("one conflict", "What both had", "+977 1 000 111", "+977 1 222 333", "this site", NAME)
        self.page.locator("main summary").first.click()
        self.at("one conflict, what was merged", "https://hq.example.org", "Edited in the field")
        assert self.page.locator("input[type=radio][name='field_comments']").count() == 0
        self.page.locator("input[type=radio][name='field_phone'][value=theirs]").check()
        self.press("See the result")
        self.at("one conflict, the result", "+977 1 000 111")
        self.press("Make it so")
        self.at("one conflict, decided", "decided")
        still_open = self._still_open()
        self.run_once()
        assert self._still_open() == still_open, "a decision came back as a conflict"
        ours, theirs = (told(site, _ORGANISATIONS) for site in (self.stage.field, self.stage.headquarters))
        assert ours == theirs
        (decided,) = (each for each in ours if each["name"] == CONFLICT)
        assert (decided["phone"], decided["website"], decided["comments"]) == (
            "+977 1 000 111",
            "https://hq.example.org",
            "Edited in the field",
        )
        self._several()
        self._record("Synchronization history")
        self.at("history of a record", CONFLICT)
        self._put_back()

    def _put_back(self) -> None:
        """The history of changes tells who changed what, and brings a former value back."""
        self._record("History of changes")
        self.at("changes of a record", CONFLICT, "+977 1 222 333", EMAIL, "this site", NAME)
        row = self.page.locator("main tr", has_text="Edited in the field").first
        row.get_by_role("button").click()
        self.page.wait_for_load_state()
        self.at("a former value was put back", "The record was changed")
        assert told(self.stage.field, _ORGANISATIONS) != told(self.stage.headquarters, _ORGANISATIONS)

    def _several(self) -> None:
        """All that is still open is decided at once, by a rule; the page before says what will happen."""
        self.open(self.repository + "/kept")
        self.at("conflicts of a repository")
        self.page.select_option("#which", "all")
        self.page.select_option("#rule", "keep")
        self.press("Continue")
        self.at("decide on several")
        self.page.locator("main .question form [type=submit]").click()
        self.page.wait_for_load_state()
        self.at("several decided", "finished")
        assert self._still_open() == 0

    def _still_open(self) -> Any:
        return told(self.stage.field, "db(db.sync_kept.state == 'open').count()")

    def _edit(self, root: str, **values: str) -> None:
        """Somebody at a site corrects the organisation by its form."""
        editor = person(self.browser, root).log_in(EMAIL, PASSWORD)
        editor.open(f"/org/organisation?q={CONFLICT.replace(' ', '+')}")
        editor.page.locator("main table").get_by_role("link", name=CONFLICT, exact=True).first.click()
        editor.page.locator("main").get_by_role("link", name="Edit", exact=True).first.click()
        for name, value in values.items():
            editor.page.locator(f"[name={name}]").fill(value)
        editor.page.locator("main form [type=submit]").first.click()
        editor.page.wait_for_load_state()
        assert values["phone"] in editor.text(), editor.text()
        editor.page.context.close()

    def _record(self, link: str) -> None:
        self.open(f"/org/organisation?q={CONFLICT.replace(' ', '+')}")
        self.at("list of records", CONFLICT)
        self.page.locator("main table").get_by_role("link", name=CONFLICT, exact=True).first.click()
        self.page.wait_for_load_state()
        self.at("a record", CONFLICT)
        self.page.locator("main details.meta summary").click()
        self.page.locator("main").get_by_role("link", name=link).first.click()
        self.page.wait_for_load_state()

    # --- read -------------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """The log, searched, and as a file for a spreadsheet."""
        self.open("/sync/log")
        self.at("log", NAME)
        self.page.locator("#log-filter [name=q]").fill("created")
        self.press("Filter")
        self.at("log, searched")
        with self.page.expect_download() as download:
            self.page.locator("main").get_by_role("link", name=re.compile("CSV")).first.click()
        text = download.value.path().read_text(encoding="utf-8-sig")
        assert text.count("\n") > 1 and "created" in text, text[:500]
        self.open(self.repository + "/log")
        self.at("log of a repository")
        entry = told(self.stage.field, "db(db.sync_log).select(orderby=~db.sync_log.id).first().id")
        self.open(f"/sync/log/{entry}")
        self.at("log entry")

    # --- when things go wrong ---------------------------------------------------------------------------------------

    def go_wrong(self) -> None:
        """The other site is down, and the password was changed there: the screens say so, and what to do."""
        with down(self.stage.headquarters):
            self.run_once()
            self.at("synchronize now, failed", "failed")
            self.open("/sync/index")
            self.at("overview, needs attention", "needs attention")
        assert self.admin.open("/sync/nothing").status == 404
        self.at("page not found")
        clerk = person(self.browser, self.stage.field.url).log_in(CLERK, PASSWORD)
        assert clerk.open("/sync/index").status == 403
        self.visit("forbidden", clerk)

    def ask(self) -> None:
        """Whatever takes something away asks first, says what will happen, and can be left."""
        task = told(
            self.stage.field, "db(db.sync_task.resource_name == 'org_organisation').select().first().id"
        )
        job = told(self.stage.field, "db(db.sync_job).select().first().id")
        # a log of a few minutes has nothing to delete, and then nothing is asked
        self.stage.field.run(
            "import datetime\n"
            "entry = db(db.sync_log.repository_id != None).select(orderby=db.sync_log.id, limitby=(0, 1)).first()\n"
            "entry.update_record(timestmp=entry.timestmp - datetime.timedelta(days=2))\n"
            "db.commit()"
        )
        for name, path in {
            "delete a repository?": "/update?ask=delete",
            "exchange a resource no more?": f"/task/{task}?ask=delete",
            "compare everything again?": f"/task/{task}?ask=reset",
            "remove a job?": f"/job/{job}?ask=delete",
            "delete old log entries?": "/log?ask=purge&days=1",
        }.items():
            self.open(self.repository + path)
            self.at(name)
            self.press("Leave it as it is")
            self.open(self.repository)

    def keep_hands_on_the_keyboard(self) -> None:
        """The first key leads past the menu, and every key shows where it has led."""
        self.open("/sync/index")
        self.page.keyboard.press("Tab")
        assert self.page.evaluate("document.activeElement.hash") == "#main"
        self.page.keyboard.press("Enter")
        seen = []
        for _ in range(12):
            self.page.keyboard.press("Tab")
            seen.append(
                self.page.evaluate(
                    "() => { const style = getComputedStyle(document.activeElement);"
                    " return [document.activeElement.textContent.trim(),"
                    " style.outlineStyle !== 'none' || style.boxShadow !== 'none'] }"
                )
            )
        assert all(shown for _, shown in seen), seen
        assert "Add Repository" in [text for text, _ in seen], seen

    def administrate(self) -> None:
        """What else there is: settings, data sets, users."""
        for name, path in {
            "settings": "/sync/config",
            "data sets": "/sync/dataset",
            "administration": "/admin/index",
            "users": "/admin/users",
            "form of a user": "/admin/user",
            "form of a record": "/org/organisation/create",
            "profile": "/default/user/profile",
        }.items():
            self.open(path)
            self.at(name)
        self.open("/sync/dataset/create")
        self.at("add a data set")
        self.page.fill("main form [name=code]", "shelters")
        self.page.fill("main form [name=name]", "Shelters of the district")
        self.page.locator("main form [name=resources][value=cr_shelter]").check()
        self.page.locator("main form [type=submit]").first.click()
        self.page.wait_for_load_state()
        self.open("/sync/dataset")
        self.at("data sets, full", "Shelters of the district")
        self.open("/sync/datasets")
        self.at("data sets, the public page", "Shelters of the district")
        self.open("/sync/config/identifier")
        self.at("change the identifier")

    def translate(self) -> None:
        """Screens in other languages, from right to left where the language is."""
        for language in LANGUAGES:
            words = translations(language)
            reader = person(self.browser, self.stage.field.url, locale=language).log_in(EMAIL, PASSWORD)
            for path, title in {
                "/sync/index": "Synchronization",
                f"{self.repository}/task": "Resources that are exchanged",
                "/sync/kept?state=all": "Conflicts and rejected records",
                "/sync/log": "Synchronization Log",
                "/sync/config": "Synchronization Settings",
            }.items():
                reader.open(path)
                assert words[title] in reader.text(), reader.text()
                assert title == words[title] or title not in reader.text(), reader.text()
                direction = reader.page.evaluate("document.documentElement.dir")
                assert direction == ("rtl" if language == "ar" else "ltr")
                self.visit(f"{title} in {language}", reader)
            reader.page.context.close()
