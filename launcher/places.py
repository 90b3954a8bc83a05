"""Where things are in the checkout and in an instance folder."""

from __future__ import annotations

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
