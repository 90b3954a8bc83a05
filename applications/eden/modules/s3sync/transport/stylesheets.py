"""Runs a stylesheet in a process of its own: XSLT may run for ever, and take any memory.

The process has limits of time, memory and what it writes, no entities, no network, no files but the stylesheets of the
formats, and no functions beyond XSLT 1.0.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from ..core.errors import ConfigurationError, DocumentError, DocumentTooLarge, UnsupportedFormat
from ..core.limits import CHUNK, MEGABYTE
from ..wire.stylesheets import child as child
from ..wire.stylesheets.formats import EXPORT, HOME, IMPORT, Format, found, listed
from .turns import turn

#: Bytes of a document that is transformed: XSLT has all of it in memory, several times.
MOST_BYTES = 16 * MEGABYTE
#: Main records that are written at once.
MOST_RECORDS = 1000
#: Stylesheets that run at the same time at a site: each may take a processor and a gigabyte.
MOST_AT_ONCE = 2
#: Name of the folder of their turns, in the spool folder.
TURNS = "stylesheets"


@dataclass(frozen=True)
class Limits:
    """What a stylesheet may take.

    Attributes:
        seconds: of the processor, and twice as many by the clock.
        memory: bytes.
        size: bytes that it may write.
        wait: seconds until it has its turn.
    """

    seconds: int = 20
    memory: int = 1024 * MEGABYTE
    size: int = 64 * MEGABYTE
    wait: float = 10.0


def parameters(table: str, domain: str, base_url: str, now: datetime) -> dict[str, str]:
    """Return what a stylesheet is told; the names are an Eden's.

    Args:
        table: name of the table that is exchanged.
        domain: name of the site, as before its identifiers.
        base_url: address of the site.
        now: the time (UTC).
    """
    prefix, _, name = table.partition("_")
    told = {"domain": domain, "base_url": base_url, "utcnow": f"{now.isoformat(timespec='seconds')}Z"}
    return {"prefix": prefix, "name": name, **told}


@dataclass(frozen=True)
class Stylesheets:
    """The formats of an operator.

    Attributes:
        root: the folder of all formats, None if there is none.
        spool: the folder for documents on their way.
        limits: what a stylesheet may take.
    """

    root: Path | None
    spool: Path
    limits: Limits = Limits()

    @classmethod
    def beside(cls, spool: Path) -> Stylesheets:
        """Return the formats of a site.

        Args:
            spool: its spool folder, which is beside that of the formats (``formats.HOME``).
        """
        return cls(spool.parent / HOME.name, spool)

    def find(self, name: str) -> Format | None:
        """Return a format, None if there is none of this name."""
        return None if self.root is None else found(self.root, name)

    def all(self) -> list[Format]:
        """Return all formats, by name."""
        return [] if self.root is None else listed(self.root)

    def to_s3xml(self, name: str, source: BinaryIO, out: BinaryIO, parameters: Mapping[str, str]) -> None:
        """Turn a document of a format into S3XML, which its reader then checks.

        Args:
            name: of the format.
            source: the document, at its beginning.
            out: where to.
            parameters: name -> text, for the stylesheet.

        Raises:
            UnsupportedFormat: there is no such format, or it cannot be read.
            DocumentError: the document, or what becomes of it, cannot be taken.
            SiteBusy: others run for too long.
        """
        self._transform(self._stylesheet(name, IMPORT), source, out, parameters)

    def from_s3xml(self, name: str, source: BinaryIO, out: BinaryIO, parameters: Mapping[str, str]) -> None:
        """Turn S3XML into a document of a format; the rest is as for ``to_s3xml``."""
        self._transform(self._stylesheet(name, EXPORT), source, out, parameters)

    def _stylesheet(self, name: str, which: str) -> Path:
        one = self.find(name)
        if one is None or not (one.folder / which).is_file():
            way = "read" if which == IMPORT else "written"
            raise UnsupportedFormat(f"The format {name[:40]} is not {way} here.")
        return one.folder / which

    def _transform(
        self, stylesheet: Path, source: BinaryIO, out: BinaryIO, parameters: Mapping[str, str]
    ) -> None:
        self.spool.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="sync-xslt-", dir=self.spool) as folder:
            document, target = Path(folder, "in.xml"), Path(folder, "out")
            size = _copied(source, document)
            if size > MOST_BYTES:
                raise DocumentTooLarge(
                    f"The document has more than {MOST_BYTES} bytes, which no stylesheet is given.",
                    hint="Send fewer records at once.",
                )
            with turn(self.spool / TURNS, MOST_AT_ONCE, self.limits.wait):
                self._run(stylesheet, document, target, parameters)
            with target.open("rb") as result:
                shutil.copyfileobj(result, out, CHUNK)

    def _run(self, stylesheet: Path, document: Path, target: Path, parameters: Mapping[str, str]) -> None:
        limits = self.limits
        told = {
            "memory": limits.memory,
            "seconds": limits.seconds,
            "size": limits.size,
            "parameters": dict(parameters),
        }
        named = (stylesheet, self.root, document, target)
        # Nothing of the environment but where the XML parser is.
        command = [_python(), "-s", "-S", child.__file__, *map(str, named), json.dumps(told)]
        spec = importlib.util.find_spec("lxml")
        packages = str(Path(str(spec.origin if spec else "")).parents[1])
        name = f"{stylesheet.parent.name}/{stylesheet.name}"
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=document.parent,
                env={"PATH": os.defpath, "PYTHONPATH": packages},
                timeout=2 * limits.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _too_long(name, limits) from None
        except OSError as error:
            raise ConfigurationError(
                f"The process for {name} cannot be started: {error}",
                hint="Tell the operator of this machine.",
            ) from error
        if done.returncode == 0 and target.is_file():
            return
        if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            raise _too_long(name, limits)
        if done.returncode in (-signal.SIGXFSZ, child.TOO_LARGE):
            raise DocumentTooLarge(
                f"{name} writes more than {limits.size} bytes.", hint="Ask for fewer records."
            )
        why = f"it needs more than {limits.memory // MEGABYTE} MB of memory, or the stylesheet is at fault"
        if done.returncode == child.REFUSED:
            why = self._without_folders(done.stderr, document.parent)
        raise DocumentError(
            f"The format {name} cannot be used with this document: {why[:500]}.",
            hint="Tell the operator of this site; the format is a stylesheet on its machine.",
        )

    def _without_folders(self, told: bytes, folder: Path) -> str:
        """Return what the process told; where files lie on this machine is nobody's business who sends a document."""
        said = told.decode("utf-8", "replace").strip()
        for each in (self.root, os.path.realpath(self.root or ""), folder, self.spool.parent):
            said = said.replace(f"{each}{os.sep}", "")
        return said.splitlines()[-1] if said else "the stylesheet failed"


def _copied(source: BinaryIO, target: Path) -> int:
    size = 0
    with target.open("wb") as out:
        while size <= MOST_BYTES and (chunk := source.read(CHUNK)):
            out.write(chunk)
            size += len(chunk)
    return size


def _too_long(name: str, limits: Limits) -> DocumentError:
    return DocumentError(
        f"The format {name} needs more than {limits.seconds} seconds for this document.",
        hint="Send fewer records at once, or tell the operator of this site.",
    )


def _python() -> str:
    """Return the interpreter; a web server that has one within itself is none."""
    own = Path(sys.executable or "")
    if own.name.startswith("python"):
        return str(own)
    return str(Path(sys.prefix, "bin", "python3"))
