"""What goes wrong at a site while its story is told."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from tests.support.proxy import FaultProxy
from tests.support.webserver import WebSite


@contextlib.contextmanager
def slow_line(site: WebSite) -> Iterator[str]:
    """Lay a line to a site on which every answer takes a third of a second longer; yields the site's address."""
    with FaultProxy(("127.0.0.1", site.port), latency=0.3) as line:
        yield site.url.replace(f":{site.port}/", f":{line.port}/")


@contextlib.contextmanager
def without_module(site: WebSite, name: str) -> Iterator[None]:
    """Let a site have a models/000_config.py of its own in which a module is not listed."""
    models = site.folder / "applications" / "eden" / "models"
    source = models.resolve()
    models.unlink()
    models.mkdir()
    for entry in source.iterdir():
        if entry.is_file():
            (models / entry.name).write_bytes(entry.read_bytes())
    config = models / "000_config.py"
    text = config.read_text(encoding="utf-8")
    assert f'"{name}",' in text
    config.write_text(text.replace(f'"{name}",', f'"{name}_not_enabled",', 1), encoding="utf-8")
    try:
        yield
    finally:
        shutil.rmtree(models)
        models.symlink_to(source)


@contextlib.contextmanager
def down(site: WebSite) -> Iterator[None]:
    """Let a site's web server be away."""
    site.stop()
    try:
        yield
    finally:
        site.start()
