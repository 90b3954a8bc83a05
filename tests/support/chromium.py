"""A person's browser with scripts: headless Chromium, driven by Playwright, that notes what goes wrong in it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from launcher.browsers import find_chromium

# What WCAG 2.2 asks at the levels A and AA, in the words of axe.
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Milliseconds that anything may take: a look ahead at all records on a slow line, on a busy machine.
PATIENCE = 180_000
#: Milliseconds between two attempts to open a page, twice as many after each.
PAUSE, LONGEST_PAUSE = 500, 8000
LAPTOP, SMALL, PHONE, WIDE = (1280, 800), (1000, 700), (360, 740), (1920, 1080)

try:
    from playwright.sync_api import Error, sync_playwright
    from playwright.sync_api import TimeoutError as TookTooLong
except ImportError:  # Python 3.9, or an environment that was made without a browser
    sync_playwright = None  # type: ignore[assignment]


def missing() -> str | None:
    """Return why no browser can be used here, None where one can."""
    if find_chromium() is None:
        return "there is no Chromium on this machine (install the package chromium, or set EDEN_CHROMIUM)"
    if sync_playwright is None:
        return "Playwright is not installed (requirements-browser.txt, from Python 3.10 on)"
    return None


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser; yields Playwright's Browser."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as home:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=list(FLAGS), env={"HOME": home, "PATH": "/usr/bin:/bin"}
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Person:
    """Somebody before a screen.

    Attributes:
        page: Playwright's page.
        root: address of the site's application.
        complaints: errors of scripts, of the content security policy, and files that were not found.
    """

    page: Any
    root: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._console)

    def _console(self, message: Any) -> None:
        # Chromium reports every answer that is an error in the console, those that a test provokes as well.
        if message.type == "error" and "the server responded with a status" not in message.text:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def open(self, path: str, pause: float = PAUSE) -> Any:
        """Open a page by its path below the application; return Playwright's answer.

        A page that follows a run shows itself anew (live.js). Where it does so meanwhile, Playwright fails or has no
        answer, and is asked once more.
        """
        try:
            # Where only the part behind # differs, Chromium asks nothing.
            return self.page.goto(self.root + path) or self.page.reload()
        except Error as error:
            if isinstance(error, TookTooLong) or pause > LONGEST_PAUSE:
                raise
            # What was asked for may still arrive, and would come in between itself.
            self.page.wait_for_timeout(pause)
            return self.open(path, pause * 2)

    def log_in(self, email: str, password: str) -> "Person":
        self.open("/default/user/login")
        self.page.fill("input[name=email]", email)
        self.page.fill("input[name=password]", password)
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_load_state()
        assert "/user/login" not in self.page.url, self.text()
        return self

    def text(self) -> str:
        """Return what the main part of the page says, blanks made one."""
        return " ".join(self.page.inner_text("main").split())

    def violations(self, part: str = ":root") -> list[str]:
        """Return what axe finds against WCAG 2.2 AA on the present page: rule, what it wants, where.

        Args:
            part: selector of what is looked at.
        """
        self.page.evaluate(_axe())
        found = self.page.evaluate(
            "([part, tags]) => axe.run(part, {runOnly: {type: 'tag', values: tags}})", [part, list(WCAG)]
        )
        return [
            f"{each['id']} ({each['impact']}): {each['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the screen."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def cut(self) -> list[str]:
        """Return what tables say of which a part can only be seen by scrolling them."""
        return list(
            self.page.evaluate(
                "[...document.querySelectorAll('.table-responsive')]"
                ".filter(each => each.scrollWidth > each.clientWidth).map(each => each.innerText)"
            )
        )


def _axe() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def person(
    browser: Any, root: str, size: tuple[int, int] = LAPTOP, scheme: str = "light", **options: Any
) -> Person:
    """Return somebody with a screen, cookies and a language of their own.

    Args:
        browser: from ``chromium``.
        root: address of the site's application.
        size: width and height in pixels.
        scheme: "light" or "dark".
        options: further ones of Playwright's new_context, e.g. locale, java_script_enabled, timezone_id.
    """
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        # Colours that are still changing would be measured half-way.
        reduced_motion="reduce",
        **{"locale": "en-GB", "timezone_id": "Asia/Kathmandu", **options},
    )
    context.set_default_timeout(PATIENCE)
    return Person(context.new_page(), root)
