"""``./run --demo``: two sites with their own data, synchronised by a worker, compared record by record."""

from __future__ import annotations

import argparse
import contextlib
import json
import secrets
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable, TypeVar

from .comparison import SiteState, differences, state_from, table
from .configuration import SiteConfiguration, Wishes, read_configuration, write_privately
from .environment import ensure_environment, requirements_for
from .instance import prepare_instance
from .places import APPLICATION, DEFAULT_INSTANCE, SCRIPTS
from .ports import check_port, free_port, numeric_host
from .preparation import DEFAULT_EMAIL, Administrator, prepare_site, run_script, script_command
from .problems import Problem
from .processes import Service
from .supervisor import (
    look_after,
    running,
    site_lock,
    site_url,
    wait_for_answer,
    watch,
    web_service,
    worker_service,
)

SCHEDULE_SECONDS = 30
RUN_PATIENCE = 180.0

# The tables shown, in this order. Other components are exchanged and compared as well.
RESOURCES = {
    "gis_location": "Locations",
    "org_organisation": "Organizations",
    "org_office": "Offices",
    "pr_person": "People",
    "pr_contact": "  their contacts",
    "hrm_human_resource": "Staff",
    "cr_shelter": "Shelters",
    "hms_hospital": "Hospitals",
    "event_incident": "Incidents",
    "doc_document": "Documents",
}

# The tables exchanged; contacts travel with their persons.
EXCHANGED = tuple(name for name in RESOURCES if name != "pr_contact")

T = TypeVar("T")


@dataclass
class DemoSite:
    """One of the two sites.

    Attributes:
        side: which demo data it gets: "headquarters" or "field".
        name: the site's name.
        home: its instance folder.
        browser_host: the host name for browsers. Cookies do not distinguish ports: under one host name, logging
            in at one site would end the session at the other.
        configuration: its configuration.
    """

    side: str
    name: str
    home: Path
    browser_host: str
    configuration: SiteConfiguration

    @property
    def page(self) -> str:
        host = self.browser_host if self.configuration.host == "127.0.0.1" else self.configuration.host
        return f"http://{host}:{self.configuration.port}/{APPLICATION}"


def run_demo(options: argparse.Namespace) -> int:
    """Run ``./run --demo``; return 0 unless the sites differ after ``--exit``.

    Raises:
        Problem: a site cannot be started, or the synchronisation does not end.
    """
    began = time.monotonic()
    refuse_unfitting(options)
    base = (options.instance or DEFAULT_INSTANCE).expanduser().resolve()
    python = ensure_environment(requirements_for("sqlite"), say)
    sites = prepare_folders(base, options)
    administrator = demo_administrator(base, options)
    with contextlib.ExitStack() as locks:
        for site in sites:
            locks.enter_context(site_lock(site.home, site.configuration))
        say("Preparing two sites with demonstration data ...")
        in_parallel([partial(fill_site, python, site, administrator) for site in sites])
        before = states(python, sites)
        services = [service for site in sites for service in services_of(python, site)]
        with running(services):
            for site, web in zip(sites, services[::2]):
                wait_for_answer(web, site_url(site.configuration))
            say(f"Both sites are up after {time.monotonic() - began:.1f} s.\n")
            now = synchronise(python, sites, administrator, services)
            different = differences(now[0], now[1])
            say("\n" + table(RESOURCES, [site.name for site in sites], before, now))
            say(verdict(different))
            say(f"\nDone after {time.monotonic() - began:.1f} s.")
            if not options.exit:
                say(what_next(sites, administrator))
                watch(services, say)
                return 0
    return 1 if different else 0


def refuse_unfitting(options: argparse.Namespace) -> None:
    for name in ("database", "name", "public_url"):
        if getattr(options, name):
            raise Problem(
                f"--{name.replace('_', '-')} is for one site; the demonstration has two of its own making.",
                "Leave it out, or leave out --demo.",
            )
    if options.no_worker:
        raise Problem(
            "--no-worker does not go with --demo: the workers synchronise.", "Leave one of them out."
        )


def prepare_folders(base: Path, options: argparse.Namespace) -> list[DemoSite]:
    """Make the two instance folders, each with a free port."""
    host = numeric_host(options.host) if options.host else "127.0.0.1"
    sites: list[DemoSite] = []
    taken: tuple[int, ...] = ()
    for side, name, folder, browser_host in (
        ("headquarters", "Headquarters", "demo-hq", "127.0.0.1"),
        ("field", "Field office", "demo-field", "localhost"),
    ):
        home = base / folder
        known = read_configuration(home)
        if options.port and not sites:
            check_port(host, options.port)
        first = options.port or (known.port if known else 8000)
        port = free_port(host, first, taken)
        taken += (port,)
        configuration = prepare_instance(home, Wishes(host=host, port=port, name=name))
        sites.append(DemoSite(side, name, home, browser_host, configuration))
    return sites


def demo_administrator(base: Path, options: argparse.Namespace) -> Administrator:
    """Return the administrator of both sites. The password is stored beside them: every start needs it."""
    path = base / "demo-administrator.json"
    try:
        known = json.loads(path.read_text())
        return Administrator(known["email"], known["password"], made_up=False)
    except (OSError, ValueError, KeyError):
        email = options.admin_email or DEFAULT_EMAIL
        password = options.admin_password or secrets.token_urlsafe(9)
        write_privately(path, json.dumps({"email": email, "password": password}) + "\n")
        return Administrator(email, password, made_up=not options.admin_password)


def fill_site(python: Path, site: DemoSite, administrator: Administrator) -> None:
    prepare_site(python, site.home, site.configuration, administrator)
    run_script(python, site.home, SCRIPTS / "populate_demo.py", [site.side])


def states(python: Path, sites: Sequence[DemoSite]) -> list[SiteState]:
    """Return the current states of the sites."""
    script, tables = SCRIPTS / "site_state.py", list(RESOURCES)
    answers: list[Any] = in_parallel(
        [partial(run_script, python, site.home, script, tables) for site in sites]
    )
    return [state_from(answer) for answer in answers]


def in_parallel(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run tasks at the same time; return their results in the same order."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def services_of(python: Path, site: DemoSite) -> list[Service]:
    services = [web_service(python, site.home, site.configuration), worker_service(python, site.home)]
    for service in services:
        service.name = f"{service.name} of {site.name}"
    return services


def synchronise(
    python: Path, sites: Sequence[DemoSite], administrator: Administrator, services: Sequence[Service]
) -> list[SiteState]:
    """Connect the sites, wait until the worker has synchronised them, and return their states."""
    headquarters, field = sites
    say(f"{field.name} registers at {headquarters.name} ({site_url(headquarters.configuration)}) ...")
    answer = run_script(
        python,
        field.home,
        SCRIPTS / "connect_demo.py",
        [headquarters.name, site_url(headquarters.configuration), str(SCHEDULE_SECONDS), *EXCHANGED],
        {"EDEN_PEER_EMAIL": administrator.email, "EDEN_PEER_PASSWORD": administrator.password},
    )
    say(
        f"{answer['message']}\n{len(EXCHANGED)} resources are scheduled every {SCHEDULE_SECONDS} seconds; "
        "now the worker synchronises:"
    )
    outcome = follow_run(python, field, answer["repository_id"], answer["last_run"], services)
    say(f"  {outcome}")
    return states(python, sites)


def follow_run(
    python: Path, site: DemoSite, repository_id: int, last_run: int, services: Sequence[Service]
) -> str:
    """Show the progress of a repository's first run after ``last_run``; return its message.

    Raises:
        Problem: the run fails or does not end in time.
    """
    log = site.home / "logs" / "worker.log"
    arguments = [str(repository_id), str(last_run), str(RUN_PATIENCE)]
    command = script_command(python, site.home, SCRIPTS / "follow_demo.py", arguments)
    with subprocess.Popen(
        command, cwd=site.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as follower:
        try:
            for line in follower.stdout or ():
                look_after(services, say)
                event = json.loads(line) if line.startswith("{") else {}
                if "progress" in event:
                    say(f"  {event['progress']}")
                elif event.get("state") == "completed":
                    return str(event["message"])
                elif "state" in event:
                    raise Problem(
                        f"The synchronisation of {site.name} ended {event['state']}: {event['message']}",
                        f"The worker's output is in {log}.",
                    )
        finally:
            follower.kill()
    raise Problem(
        f"The worker of {site.name} did not finish a synchronisation within {RUN_PATIENCE:.0f} seconds.",
        f"Its log: {log}",
    )


def verdict(different: dict[str, list[str]]) -> str:
    if not different:
        return "Both sites are equal."
    lines = ["The sites are NOT equal:"]
    for tablename, uuids in different.items():
        shown = ", ".join(uuids[:3]) + (" ..." if len(uuids) > 3 else "")
        lines.append(f"  {RESOURCES.get(tablename, tablename).strip()}: {len(uuids)} records differ: {shown}")
    return "\n".join(lines)


def what_next(sites: Sequence[DemoSite], administrator: Administrator) -> str:
    headquarters, field = sites
    return "\n".join(
        [
            f"Have a look (log in as {administrator.email}, password {administrator.password}):",
            *(f"  {site.name + ':':<14}{site.page}" for site in sites),
            f"  {'Offices:':<14}{field.page}/org/office",
            f"  {'Log:':<14}{field.page}/sync/log",
            f"Change a record at either site: the schedule takes it to the other ({SCHEDULE_SECONDS} s).",
            f"Both sites live in {headquarters.home.parent}: remove {headquarters.home.name} "
            f"and {field.home.name} there to start afresh.",
            "Stop with Ctrl-C.",
        ]
    )


def say(text: str) -> None:
    print(text, flush=True)
