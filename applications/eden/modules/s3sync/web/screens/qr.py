"""A QR code as a picture in a page."""

from __future__ import annotations

import io
from typing import Any

from gluon import XML

try:
    import segno

    HAS_PICTURES = True
except ImportError:  # inside a full web2py, without our packages
    HAS_PICTURES = False


def picture(text: str) -> Any:
    """Return a text as QR code, as SVG; None where the package segno is not installed.

    Args:
        text: letters, digits, - and _.
    """
    if not HAS_PICTURES:
        return None
    out = io.BytesIO()
    segno.make(text, error="l", micro=False).save(
        out,
        kind="svg",
        scale=3,
        border=4,
        svgclass="qr",
        lineclass=None,
        omitsize=False,
        xmldecl=False,
        light="#fff",
    )
    return XML(out.getvalue().decode("utf-8"))
