"""Where things are in the checkout and in an instance folder."""

from __future__ import annotations

import sys
from pathlib import Path

APPLICATION = "eden"
CHECKOUT = Path(__file__).resolve().parent.parent
SCRIPTS = CHECKOUT / "launcher" / "scripts"
DEFAULT_INSTANCE = CHECKOUT / "instance"


def application_folder(home: Path) -> Path:
    """Return the application's folder below a web2py home (an instance folder or the checkout)."""
    return home / "applications" / APPLICATION


def configuration_file(home: Path) -> Path:
    """Return the path of the site's configuration file, which has the format of web2py's AppConfig."""
    return application_folder(home) / "private" / "appconfig.ini"


def let_modules_be_imported() -> None:
    """Make the application's modules importable in this process, as pytest does by its settings.

    A variable in the environment would reach the sites that this process starts as well.
    """
    modules = str(application_folder(CHECKOUT) / "modules")
    if modules not in sys.path:
        sys.path.insert(0, modules)
