"""Finds a site that is there already, and asks its application; nothing is installed, started or migrated for it."""

from __future__ import annotations

import json
import os
import pwd
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from ..backups.put_back import ensure_whole
from ..configuration import SiteConfiguration, read_configuration
from ..instance import is_instance
from ..places import SCRIPTS
from ..preparation import RESULT_FILE, hint, raised, script_command
from ..problems import Problem
from ..web2py import environment_with_gluon, home_folder

#: Tells the models to leave the tables as they are (``s3.database.schema_gate``).
LOOK_ONLY = "EDEN_LOOK_ONLY"

News = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class KnownSite:
    """A site of this checkout.

    Attributes:
        home: its instance folder.
        python: the Python that has its packages.
        configuration: of the site.
    """

    home: Path
    python: Path
    configuration: SiteConfiguration


def find_site(named: Path | None) -> KnownSite:
    """Return the site in a folder.

    Args:
        named: the instance folder; None for $EDEN_HOME, the current folder, or instance/ in the checkout.

    Raises:
        Problem: no site is there, or it is another user's, or its Python environment is missing.
    """
    home = folder_of(named)
    ensure_whole(home)
    configuration = read_configuration(home) if is_instance(home) else None
    if configuration is None:
        raise Problem(
            f"There is no site in {home}.",
            "Name its folder: ./eden --instance FOLDER status. A new one is made by ./run --instance FOLDER",
        )
    ensure_own(home)
    python = environment_with_gluon()
    if python is None:
        raise Problem(
            "This checkout has no Python environment yet.",
            f"Start the site once: ./run --instance {home} --exit",
        )
    return KnownSite(home, python, configuration)


def folder_of(named: Path | None) -> Path:
    """Return the folder of the site that is meant, whether or not one is there; ``named`` as for ``find_site``."""
    return home_folder(None if named is None else str(named.expanduser()))


def ensure_own(home: Path) -> None:
    """Ensure that a site belongs to this user.

    Raises:
        Problem: it is another user's.
    """
    owner = home.stat().st_uid
    if owner != os.geteuid():
        # What another user leaves behind, such as the log of an SQLite database, the site itself could not write.
        raise Problem(
            f"The site in {home} belongs to the user {_user(owner)}.",
            f"Ask as that user: sudo -u {_user(owner)} ./eden --instance {home} ...",
        )


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"


def ask(
    site: KnownSite,
    script: str,
    arguments: list[str],
    news: News,
    environment: Mapping[str, str] | None = None,
) -> Any:
    """Run a script in a site's application and return its result.

    Args:
        site: the site.
        script: name of the script, without its ending.
        arguments: of the script.
        news: is called with what the script tells before its end.
        environment: further variables for the script.

    Raises:
        Problem: there is no result; the database cannot be opened, for instance.
    """
    with tempfile.TemporaryDirectory(prefix="eden-") as scratch:
        result = Path(scratch) / "result.json"
        said = []
        with subprocess.Popen(
            script_command(site.python, site.home, SCRIPTS / f"{script}.py", arguments),
            cwd=site.home,
            env={**os.environ, **(environment or {}), RESULT_FILE: str(result), LOOK_ONLY: "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                if line.startswith('{"news": '):
                    news(json.loads(line)["news"])
                else:
                    said.append(line)
        if result.is_file():
            return json.loads(result.read_text(encoding="utf-8"))
    output = "".join(said)
    last = re.sub(r"^(?:\w+\.)+", "", raised(output)) or (
        said[-1].strip() if said else "The application ended without a word."
    )
    raise Problem(f"The site in {site.home} cannot be opened: {last}", hint(output))
