"""The command ``./run``."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .configuration import (
    FormerConfiguration,
    Wishes,
    public_address,
    read_configuration,
    wanted_configuration,
)
from .environment import ensure_environment, requirements_for
from .hidden_options import revealed
from .instance import prepare_instance
from .places import DEFAULT_INSTANCE
from .ports import check_port, numeric_host
from .preparation import Administrator, administrator_from, is_administrator, prepare_site
from .problems import Problem, file_problem
from .processes import die_with_parent_if_asked
from .supervisor import (
    StopRequested,
    running,
    site_lock,
    site_url,
    stop_on_signals,
    wait_for_answer,
    watch,
    web_service,
    worker_service,
)


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="./run",
        # Options with secrets are looked for by their whole names, see hidden_options.
        allow_abbrev=False,
        description="Starts a site of Eden Sync: makes what is missing, then runs web server and worker "
        "until it is stopped with Ctrl-C or SIGTERM.",
        epilog="What an option sets is remembered in the instance folder, in "
        "applications/eden/private/appconfig.ini; the next start needs no options.",
    )
    result.add_argument(
        "--instance",
        type=Path,
        metavar="FOLDER",
        help="where everything of this site is kept (default: instance/ in the checkout)",
    )
    result.add_argument(
        "--host", help="address to listen on; 0.0.0.0 for all (default: 127.0.0.1, this machine only)"
    )
    result.add_argument("--port", type=port_number, help="port to listen on (default: 8000)")
    result.add_argument("--name", help="the site's name, as its pages show it (default: Eden)")
    result.add_argument(
        "--public-url",
        type=public_address,
        metavar="URL",
        help="the address at which other sites and browsers reach this one, without /eden, "
        "e.g. https://eden.example.org or https://example.org/relief (default: made from host and port)",
    )
    result.add_argument(
        "--database",
        metavar="URI",
        help="sqlite://storage.sqlite (the default), "
        "postgres://user:password@host/name or mysql://user:password@host/name (also as $EDEN_DATABASE)",
    )
    result.add_argument(
        "--admin-email",
        metavar="EMAIL",
        help="the first administrator (default: $EDEN_ADMIN_EMAIL, else admin@example.com)",
    )
    result.add_argument(
        "--admin-password",
        metavar="PASSWORD",
        help="and the password (default: $EDEN_ADMIN_PASSWORD, else one is made up and shown once)",
    )
    result.add_argument(
        "--no-worker",
        action="store_true",
        help="web server only; start workers yourself with python web2py.py -K eden -Q",
    )
    result.add_argument(
        "--demo",
        action="store_true",
        help="start two sites with demonstration data that synchronise with each other",
    )
    result.add_argument(
        "--exit",
        action="store_true",
        help="stop when everything is up and answers; with --demo: "
        "when the sites have synchronised, with status 0 only if they are equal",
    )
    return result


def port_number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port; ports are 1 to 65535")
    return number


def run(arguments: Sequence[str]) -> int:
    """Run ``./run`` with these arguments and return the exit status.

    Raises:
        Problem: the site cannot be started.
    """
    options = parser().parse_args(arguments)
    options.admin_password = revealed(options.admin_password, "--admin-password")
    # No child process needs it.
    named = os.environ.pop("EDEN_DATABASE", None)
    options.database = revealed(options.database, "--database") or named
    if options.demo:
        from .demo import run_demo

        return run_demo(options)
    return run_site(options)


def run_site(options: argparse.Namespace) -> int:
    began = time.monotonic()
    home = (options.instance or DEFAULT_INSTANCE).expanduser().resolve()
    wishes = wishes_from(options)
    # Refuse invalid options before anything is installed or written.
    planned = wanted_configuration(read_configuration(home), wishes)
    if planned.host != numeric_host(planned.host):
        raise Problem(
            f"{planned.host} is no IP address.", "Correct [web] host in appconfig.ini, or use --host."
        )
    python = ensure_environment(requirements_for(planned.database), say)
    with contextlib.ExitStack() as stack:
        former = FormerConfiguration(home)
        known = read_configuration(home)
        try:
            configuration = prepare_instance(home, wishes)
            stack.enter_context(site_lock(home, configuration))
            check_port(configuration.host, configuration.port)
            administrator = administrator_from(options.admin_email, options.admin_password)
            created = prepare_site(python, home, configuration, administrator, known)
            services = [web_service(python, home, configuration)]
            if not options.no_worker:
                services.append(worker_service(python, home))
            stack.enter_context(running(services))
            wait_for_answer(services[0], site_url(configuration))
        except (Problem, OSError):
            # Somebody who stops a start wants it to go on with the same options; one that fails is not remembered.
            former.put_back()
            raise
        seconds = time.monotonic() - began
        say(f"{configuration.name} is ready after {seconds:.1f} s: {site_url(configuration)}\n")
        if created:
            say(credentials(administrator))
        was_done = created or has_administrator(python, home, options)
        if not options.exit:
            say(what_next(home))
            watch(services, say)
    return 0 if was_done else 1


def has_administrator(python: Path, home: Path, options: argparse.Namespace) -> bool:
    """Return whether the site has the administrator that the options name; say so if it has not."""
    if not (options.admin_email or options.admin_password) or is_administrator(
        python, home, options.admin_email, options.admin_password
    ):
        return True
    say(
        "The site has an administrator: --admin-email and --admin-password made no account, and changed no password.\n"
        "Change accounts and passwords in the site: Administration > Users.\n"
    )
    return False


def wishes_from(options: argparse.Namespace) -> Wishes:
    return Wishes(
        host=numeric_host(options.host) if options.host else None,
        port=options.port,
        database=options.database,
        name=options.name,
        public_url=options.public_url,
    )


def credentials(administrator: Administrator) -> str:
    if not administrator.made_up:
        return f"Log in as {administrator.email}\n"
    return (
        f"Log in as {administrator.email}\n"
        f"Password  {administrator.password}   (made up now and shown only this once)\n"
    )


def what_next(home: Path) -> str:
    return "\n".join(
        [
            "What next:  log in, then Administration > Synchronization: add the other site as a repository.",
            f"Data, configuration and logs: {home}",
            "Stop with Ctrl-C.",
        ]
    )


def say(text: str) -> None:
    print(text, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run the command that the first argument names. A Problem is shown as a message, without a traceback."""
    command, rest = arguments[0], arguments[1:]
    try:
        if command == "test":
            from .testing import run_tests

            return run_tests(rest)
        if command == "eden":
            from .operator_commands.command import main as operate

            return operate(rest)
        if command == "serve":
            # What ./run starts as the web server, in the environment's Python: serve -f HOME HOST PORT
            from .web.server import serve

            die_with_parent_if_asked()
            serve(Path(rest[1]), rest[2], int(rest[3]))
            return 0
        stop_on_signals()
        return run(rest)
    except Problem as problem:
        print(f"{problem}", file=sys.stderr)
        return 1
    except OSError as error:
        if not error.filename:
            raise
        print(f"{file_problem(error)}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, StopRequested):
        print("\nInterrupted. The next start continues where this one stopped.", file=sys.stderr)
        return 130
