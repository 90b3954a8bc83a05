"""The application served from any checkout, and a person who uses its pages for records."""

from __future__ import annotations

import contextlib
import html
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.support.places import CHECKOUT
from tests.support.ports import free_port
from tests.support.webserver import serve_command

EMAIL, PASSWORD = "admin@example.com", "a-long-password"
PREPARE = f"""
from applications.eden.modules.s3db.setup import create_user, prepare
from applications.eden.modules.s3db.demo import populate

assert prepare(globals(), {EMAIL!r}, {PASSWORD!r})["created_admin"]
assert not prepare(globals(), {EMAIL!r}, {PASSWORD!r})["created_admin"]
create_user(globals(), "clerk@example.com", {PASSWORD!r})
create_user(globals(), "peer@example.com", {PASSWORD!r}, roles=("Synchronization",))
populate(globals(), "headquarters")
db.commit()
print("prepared", len(db.tables))
"""


class Browser:
    """A person's browser: follows redirections, keeps cookies, sends forms as the page has them."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.session = requests.Session()

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.base + path, timeout=30, **options)

    def submit(self, path: str, values: dict[str, Any], files: Any = None) -> requests.Response:
        """Fill in the form of a page: its own hidden values, and ours."""
        page = self.get(path)
        assert page.status_code == 200, page.text
        hidden: dict[str, Any] = {}
        for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page.text):
            name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in ("name", "value"))
            if name and value:
                hidden[name.group(1)] = html.unescape(value.group(1))
        return self.session.post(page.url, data={**hidden, **values}, files=files, timeout=30)

    def login(self, email: str) -> Browser:
        answer = self.submit("/default/user/login", {"email": email, "password": PASSWORD})
        assert "Log out" in answer.text
        return self


@contextlib.contextmanager
def served(checkout: Path, folder: Path) -> Iterator[str]:
    """A site in a folder of its own, prepared and served; the address of its application."""
    script = folder.parent / "prepare.py"
    script.write_text(PREPARE, encoding="utf-8")
    web2py = [sys.executable, str(checkout / "web2py.py"), "-f", str(folder)]
    prepared = subprocess.run(
        [*web2py, "-S", "eden", "-M", "-R", str(script), "--no_banner"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "prepared" in prepared.stdout, prepared.stdout + prepared.stderr
    port = free_port()
    with open(folder.parent / "server.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            serve_command(checkout, folder, port),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    base = f"http://127.0.0.1:{port}/eden"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                requests.get(base, timeout=60)
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline and server.poll() is None, "the web server did not start"
                time.sleep(0.1)
        yield base
    finally:
        server.terminate()
        server.wait(20)
    errors = folder / "applications" / "eden" / "errors"
    tickets = [one.read_bytes() for one in errors.iterdir()] if errors.exists() else []
    assert not tickets, [one[:1500] for one in tickets]


def checkout_without(root: Path, modules: set[str]) -> Path:
    """A copy of the checkout whose configuration does not list some modules."""
    root.mkdir()
    for name in ("web2py.py", *(path.name for path in CHECKOUT.glob("requirements*.txt"))):
        shutil.copy2(CHECKOUT / name, root / name)
    for name in ("launcher", "applications"):
        ignored = shutil.ignore_patterns("__pycache__", "databases", "sessions", "errors", "uploads", "cache")
        shutil.copytree(CHECKOUT / name, root / name, ignore=ignored)
    if (CHECKOUT / ".venv").exists():
        (root / ".venv").symlink_to(CHECKOUT / ".venv")
    config = root / "applications" / "eden" / "models" / "000_config.py"
    text = config.read_text(encoding="utf-8")
    for module in modules:
        text, count = re.subn(
            rf'        \(\n            "{module}",\n.*?\n        \),\n', "", text, flags=re.S
        )
        assert count == 1, module
    config.write_text(text, encoding="utf-8")
    return root
