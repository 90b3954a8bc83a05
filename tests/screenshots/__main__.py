"""The command ``./test --screenshots FOLDER``: every screen, empty and full, wide and narrow, light and dark."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

from tests.browser.faults import slow_line
from tests.browser.story import Story
from tests.support.chromium import LAPTOP, PHONE, WIDE, Person, chromium, missing
from tests.support.stage import staged

SIZES = {"laptop": LAPTOP, "phone": PHONE, "wide": WIDE}
SCHEMES = ("light", "dark")
#: The pictures of README and user guide: screen, size and scheme of each, and its file.
DOCUMENTED = {
    ("overview, empty", "laptop", "light"): "first-steps.png",
    ("form of a user", "laptop", "light"): "user.png",
    ("connection test, passed", "laptop", "light"): "repository.png",
    ("resources, how", "laptop", "light"): "resources.png",
    ("one resource", "laptop", "light"): "resource.png",
    ("filters", "laptop", "light"): "filters.png",
    ("preview", "laptop", "light"): "preview.png",
    ("schedule", "laptop", "light"): "schedule.png",
    ("synchronize now, running", "laptop", "light"): "now.png",
    ("overview", "laptop", "light"): "repositories.png",
    ("overview", "phone", "dark"): "repositories-phone.png",
    ("one conflict", "laptop", "light"): "conflict.png",
    ("log, searched", "laptop", "light"): "log.png",
}


def slug(text: str) -> str:
    """Return a name of a screen as a part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


class Camera:
    """Takes the pictures of a screen.

    Args:
        folder: where they are written, as ``<number>-<screen>-<size>-<scheme>.png``.
        sizes: which screens, by name.
        documented: only those of the documentation, without numbers.
    """

    def __init__(self, folder: Path, sizes: dict[str, tuple[int, int]], documented: bool = False) -> None:
        self._folder = folder
        self._sizes = sizes
        self._documented = documented
        self._number = 0
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, name: str, somebody: Person) -> None:
        """Take all pictures of the screen that somebody is at."""
        self._number += 1
        page = somebody.page
        for size, (width, height) in self._sizes.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                if self._documented and (name, size, scheme) not in DOCUMENTED:
                    continue
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=self._folder / self._file(name, size, scheme), full_page=True)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})
        print(f"  {name}", flush=True)

    def _file(self, name: str, size: str, scheme: str) -> str:
        if self._documented:
            return DOCUMENTED[name, size, scheme]
        return f"{self._number:02}-{slug(name)}-{size}-{scheme}.png"


def main() -> int:
    """Tell the story before the camera; return 0 when it came to its end."""
    parser = argparse.ArgumentParser(prog="./test --screenshots")
    parser.add_argument("folder", type=Path, help="where the pictures are written")
    parser.add_argument(
        "--sizes", nargs="+", choices=sorted(SIZES), default=sorted(SIZES), help="which screens"
    )
    parser.add_argument(
        "--documented", action="store_true", help="only the pictures of README and user guide"
    )
    options = parser.parse_args()
    reason = missing()
    if reason is not None:
        print(f"No pictures can be taken: {reason}.", file=sys.stderr)
        return 1
    camera = Camera(options.folder, {name: SIZES[name] for name in options.sizes}, options.documented)
    with (
        tempfile.TemporaryDirectory() as folder,
        staged(Path(folder)) as stage,
        slow_line(stage.headquarters) as address,
        chromium() as browser,
    ):
        for scene in Story(stage, address, browser, camera).scenes():
            scene()
    print(f"{len(list(options.folder.glob('*.png')))} pictures in {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
