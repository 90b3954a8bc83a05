"""The implementation of the checkout's ``web2py.py``: finds the home and a Python with web2py, and starts it."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from .environment import environment_python, read_stamp
from .instance import is_instance, prepare_instance
from .places import CHECKOUT, DEFAULT_INSTANCE
from .problems import Problem
from .processes import die_with_parent_if_asked

WORKER_OPTIONS = ("-K", "--scheduler")
RELAYED = "EDEN_WEB2PY_RELAYED"


def main(arguments: list[str]) -> None:
    """Run web2py's command line; return when it ends.

    Args:
        arguments: as in sys.argv; the first is the program.
    """
    try:
        die_with_parent_if_asked()
        if importlib.util.find_spec("gluon") is None:
            relay(arguments)
        home, options = choose_home(arguments[1:])
        options = with_absolute_script(options, home)
        if not is_instance(home):
            prepare_instance(home)
    except Problem as problem:
        sys.exit(f"{problem}")
    start(home, arguments[0], options)


def relay(arguments: list[str]) -> None:
    """Replace this process by the Python of the checkout's environment."""
    python = environment_with_gluon()
    if python is None or os.environ.get(RELAYED) == str(python):
        raise Problem(
            f"web2py is not installed in {sys.executable}, and {CHECKOUT} has no environment of its own yet.",
            "Start ./run once: it installs what is needed.",
        )
    os.environ[RELAYED] = str(python)
    os.execv(python, [str(python), str(CHECKOUT / "web2py.py"), *arguments[1:]])


def environment_with_gluon() -> Path | None:
    """Return the Python of this version's environment, else of the newest complete one of another version."""
    same = environment_python()
    if read_stamp(same.parent.parent) is not None:
        return same
    others = [folder for folder in (CHECKOUT / ".venv").glob("3.*") if read_stamp(folder) is not None]
    if not others:
        return None
    newest = max(others, key=lambda folder: int(folder.name.split(".")[1]))
    return newest / "bin" / "python"


def choose_home(options: list[str]) -> tuple[Path, list[str]]:
    """Return the site's folder, and the options without the one that named it.

    ``-A`` passes everything after it to a script, so a ``-f`` there is not ours.
    """
    end = next((at for at, option in enumerate(options) if option in ("-A", "--args")), len(options))
    own, passed_on = options[:end], options[end:]
    rest = []
    named = None
    position = 0
    while position < len(own):
        option = own[position]
        if option in ("-f", "--folder"):
            if position + 1 == len(own):
                raise Problem(f"{option} names no folder.", f"Write {option} /path/to/instance.")
            named = own[position + 1]
            position += 1
        elif option.startswith("--folder="):
            named = option.split("=", 1)[1]
        else:
            rest.append(option)
        position += 1
    return home_folder(named), rest + passed_on


def home_folder(named: str | None) -> Path:
    if named is not None:
        return Path(named).resolve()
    if "EDEN_HOME" in os.environ:
        return Path(os.environ["EDEN_HOME"])
    here = Path.cwd()
    return here if here != CHECKOUT and is_instance(here) else DEFAULT_INSTANCE


def with_absolute_script(options: list[str], home: Path) -> list[str]:
    """Make the path of a script in the current folder absolute: web2py looks only in the home."""
    result = list(options)
    for at, option in enumerate(options[:-1]):
        if option in ("-R", "--run"):
            script = Path(options[at + 1])
            if not script.is_absolute() and not (home / script).exists() and script.exists():
                result[at + 1] = str(script.resolve())
        elif option in ("-A", "--args"):
            break
    return result


def start(home: Path, program: str, options: list[str]) -> None:
    """Run web2py in this process, from the home."""
    os.chdir(home)
    # The checkout has a folder "applications" too: it must not be found instead of the home's.
    sys.path[:] = [str(home), *(path for path in sys.path if path not in (str(CHECKOUT), str(home)))]
    # gluon reads the home from this variable in preference to the current folder.
    os.environ["web2py_path"] = str(home)  # noqa: SIM112
    sys.argv = [program, *options]
    import gluon.widget

    if any(option.split("=")[0] in WORKER_OPTIONS for option in options):
        from .worker import refine_scheduler

        refine_scheduler()
    try:
        gluon.widget.start()
    finally:
        # -Q replaces it by something that Python cannot flush at its end, which would change the exit status.
        sys.stdout = sys.__stdout__
