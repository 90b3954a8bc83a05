"""The Python environment inside the checkout: ``.venv/<python version>/``, made once, with pinned packages.

The stamp file lists the requirement files that are installed, by their SHA-256. It is written last: an
environment whose installation was interrupted has none, and is made again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Callable

from .configuration import beside
from .places import CHECKOUT
from .problems import Problem

BUILD_TOOLS = "requirements-build.txt"
RUNTIME = "requirements.txt"
DEVELOPMENT = "requirements-dev.txt"
BROWSER = "requirements-browser.txt"
POSTGRESQL = "requirements-postgresql.txt"
MYSQL = "requirements-mysql.txt"
WEB2PY3 = "requirements-web2py3.txt"
# Names a checkout of web2py 3, whose gluon then takes the place of the pinned one.
WEB2PY_VARIABLE = "EDEN_WEB2PY"

SUPPORTED = ((3, 9), (3, 13))
NETWORK_SIGNS = (
    "NewConnectionError",
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ProxyError",
    "SSLError",
    "Max retries exceeded",
    "name resolution",
    "Network is unreachable",
    "No matching distribution found",
)

Report = Callable[[str], None]


def version_name() -> str:
    """Return the running Python's version, as the environment's folder is named: e.g. ``3.11``."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def environment_folder(root: Path = CHECKOUT) -> Path:
    return root / ".venv" / (f"{version_name()}-web2py3" if web2py_checkout() else version_name())


def environment_python(root: Path = CHECKOUT) -> Path:
    return environment_folder(root) / "bin" / "python"


def web2py_checkout() -> Path | None:
    """Return the checkout of web2py 3 that is to be used in place of the pinned gluon, if one is named.

    Raises:
        Problem: there is none in the folder that is named.
    """
    named = os.environ.get(WEB2PY_VARIABLE)
    if not named:
        return None
    checkout = Path(named).resolve()
    if not (checkout / "gluon" / "main.py").is_file():
        raise Problem(
            f"{WEB2PY_VARIABLE} names {checkout}, where no web2py is.",
            "Name the folder of a checkout of web2py 3 (it contains gluon/), or unset the variable.",
        )
    return checkout


def requirements_for(database_uri: str) -> list[str]:
    """Return the requirement files that a site with this database needs.

    Args:
        database_uri: a pydal URI, e.g. ``postgres://user:password@host/name``.
    """
    scheme = database_uri.split(":", 1)[0].lower()
    if scheme.startswith("postgres"):
        return [RUNTIME, POSTGRESQL]
    if scheme.startswith(("mysql", "mariadb")):
        return [RUNTIME, MYSQL]
    return [RUNTIME]


def ensure_environment(names: Sequence[str], report: Report, root: Path = CHECKOUT) -> Path:
    """Make the environment if needed, install what is missing, and return its Python.

    Args:
        names: requirement files, by their name in the checkout.
        report: is called with a message before each slow step.
        root: the checkout.

    Raises:
        Problem: this Python version is not supported, or the installation fails.
    """
    check_version()
    wanted = {name: digest(root / name) for name in names}
    web2py = web2py_checkout()
    if web2py:
        wanted[WEB2PY3] = f"{digest(root / WEB2PY3)} {web2py}"
    folder = environment_folder(root)
    if covers(read_stamp(folder), wanted):
        return environment_python(root)
    with locked(root):
        # Another start may have made the environment while this one waited for the lock.
        installed = read_stamp(folder)
        if not covers(installed, wanted):
            install(folder, installed, wanted, report, root)
    return environment_python(root)


def check_version() -> None:
    lowest, highest = SUPPORTED
    if not lowest <= sys.version_info[:2] <= highest:
        raise Problem(
            f"This is Python {version_name()}; Eden Sync runs on Python 3.9 to 3.13.",
            "Install one of these, or name it: EDEN_PYTHON=/path/to/python3.11 ./run",
        )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def covers(installed: dict[str, str] | None, wanted: dict[str, str]) -> bool:
    return installed is not None and all(installed.get(name) == value for name, value in wanted.items())


def stamp_file(folder: Path) -> Path:
    return folder / "eden-stamp.json"


def read_stamp(folder: Path) -> dict[str, str] | None:
    """Return what is installed in a complete environment; None if there is none, or its Python is gone."""
    try:
        stamp = json.loads(stamp_file(folder).read_text())
    except (OSError, ValueError):
        return None
    # The links inside break when the Python that the environment was made with is removed.
    if not (folder / "bin" / "python").exists() or not isinstance(stamp, dict):
        return None
    return {str(name): str(value) for name, value in stamp.items()}


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Let only one process at a time change the environments of a checkout."""
    folder = root / ".venv"
    try:
        folder.mkdir(exist_ok=True)
        handle = open(folder / "lock", "w")  # noqa: SIM115
    except OSError as error:
        raise Problem(
            f"The Python environment cannot be made in {folder}: {error.strerror}.",
            f"Make {root} writable for this user, or use a copy of the checkout that is.",
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def install(
    folder: Path, installed: dict[str, str] | None, wanted: dict[str, str], report: Report, root: Path
) -> None:
    log = folder.parent / f"install-{folder.name}.log"
    if installed is None or BUILD_TOOLS not in installed:
        report(f"Making the Python {version_name()} environment in {folder} (once) ...")
        make_empty(folder, log)
        installed = {BUILD_TOOLS: digest(root / BUILD_TOOLS)}
        pip_install(folder, root / BUILD_TOOLS, log)
    else:
        stamp_file(folder).unlink()
    missing = [name for name in wanted if installed.get(name) != wanted[name] and name != WEB2PY3]
    if WEB2PY3 in wanted:
        # What requirements.txt brings is replaced by it, so it comes last and again after each change.
        missing.append(WEB2PY3)
    for name in missing:
        report(f"Installing {name} ...")
        pip_install(folder, root / name, log)
        installed[name] = wanted[name]
    web2py = web2py_checkout()
    if web2py:
        use_gluon_of(web2py, folder)
    fresh = beside(stamp_file(folder))
    fresh.write_text(json.dumps(installed, indent=1, sort_keys=True) + "\n")
    os.replace(fresh, stamp_file(folder))


def use_gluon_of(web2py: Path, folder: Path) -> None:
    """Put the gluon of a checkout of web2py in the place of the one that pip installed."""
    gluon = folder / "lib" / f"python{version_name()}" / "site-packages" / "gluon"
    if gluon.is_symlink():
        gluon.unlink()
    elif gluon.is_dir():
        shutil.rmtree(gluon)
    gluon.parent.mkdir(parents=True, exist_ok=True)
    gluon.symlink_to(web2py / "gluon")


def make_empty(folder: Path, log: Path) -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise Problem(
            f"The Python at {sys.executable} comes without the modules venv and ensurepip.",
            f"On Debian and Ubuntu: apt install python{version_name()}-venv; then start again.",
        )
    if folder.exists():
        shutil.rmtree(folder)
    # venv links to the Python it was started with; inside another environment that would be a link to a link.
    python = getattr(sys, "_base_executable", None) or sys.executable
    with open(log, "w") as output:
        result = subprocess.run(
            [python, "-m", "venv", str(folder)], stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if result.returncode:
        raise Problem(
            f"Python could not make an environment in {folder}:\n{tail(log)}",
            f"On Debian and Ubuntu: apt install python{version_name()}-venv. The whole output is in {log}.",
        )


def pip_install(folder: Path, requirements: Path, log: Path) -> None:
    command = [
        str(folder / "bin" / "python"),
        *("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"),
        # Packages published only as source are built with the pinned build tools, not with the newest.
        *("--require-hashes", "--no-build-isolation", "--use-pep517", "-r", str(requirements)),
    ]
    with open(log, "a") as output:
        result = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    if result.returncode:
        raise installation_problem(requirements, log)


def installation_problem(requirements: Path, log: Path) -> Problem:
    """Return why pip failed, as far as its output shows it."""
    text = log.read_text(errors="replace")
    if "DO NOT MATCH THE HASHES" in text:
        return Problem(
            f"A package that {requirements.name} names was delivered with another content than pinned.",
            f"Nothing of it was installed. Check the package source that pip uses; details are in {log}.",
        )
    if "No space left on device" in text:
        return Problem(
            f"The disk is full: {requirements.name} could not be installed.",
            "Free some 300 MB and start again.",
        )
    if any(sign in text for sign in NETWORK_SIGNS):
        return Problem(
            f"The packages of {requirements.name} could not be fetched: no package index was reached.",
            "Check the network (behind a proxy: set HTTPS_PROXY) and start again. Without any network: run\n"
            "  python3 -m pip download -r requirements-build.txt -r requirements.txt -d wheels\n"
            "with the same Python version where there is one, copy the folder here, and start with\n"
            f"  PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels ./run\nThe whole output is in {log}.",
        )
    return Problem(
        f"pip could not install {requirements.name}:\n{tail(log)}",
        f"The whole output is in {log}. The next start tries again from the beginning.",
    )


def tail(path: Path, lines: int = 12) -> str:
    """Return the last lines of a text file, indented for a message."""
    found = path.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join("  " + line for line in found)
