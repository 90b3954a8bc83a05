"""The process in which a stylesheet runs; started by ``transport/stylesheets`` as a program.

Arguments: stylesheet, folder of all formats, source, target, limits and parameters as JSON. It ends
with 0, with 3 and a sentence on the standard error, with 4 where it may write no more, or with 5 where memory ends.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import sys
from collections.abc import Sequence
from typing import Any

from lxml import etree

REFUSED, TOO_LARGE, NO_MEMORY = 3, 4, 5
#: Namespaces of functions and elements beyond XSLT 1.0: with them a stylesheet may do more than turn a document.
BEYOND = (
    "http://exslt.org/",
    "http://xmlsoft.org/",
    "http://icl.com/saxon",
    "http://xml.apache.org/",
    "org.apache.",
    "http://www.jclark.com/xt",
)
_NOTHING: Any = etree.XSLTAccessControl.DENY_ALL  # type: ignore[attr-defined]
XSL = "{http://www.w3.org/1999/XSL/Transform}"


class Refused(Exception):
    """What a person may read."""


def main(arguments: Sequence[str]) -> None:
    """Transform a document as the arguments say."""
    stylesheet, root, source, target, told = arguments
    limits = json.loads(told)
    for kind, most in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["seconds"]),
        (resource.RLIMIT_FSIZE, limits["size"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    compiled = _compiled(stylesheet, os.path.realpath(root))
    document = _parsed(source, "the document")
    parameters = {name: etree.XSLT.strparam(text) for name, text in limits["parameters"].items()}
    try:
        result = compiled(document, **parameters)
    except etree.XSLTApplyError as error:
        # Where memory ends libxslt says what it was doing, and not why it failed.
        most = limits["memory"] >> 20
        raise Refused(f"the stylesheet failed, or needs more than {most} MB of memory: {error}") from None
    with open(target, "wb") as out:
        out.write(bytes(result))


def _parser_of() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)


def _parsed(path: str, what: str) -> Any:
    try:
        tree = etree.parse(path, _parser_of())
    except (etree.XMLSyntaxError, OSError) as error:
        raise Refused(f"{what} is no XML: {error}") from None
    if tree.docinfo.internalDTD is not None:
        raise Refused(f"{what} has a DTD")
    return tree


def _compiled(stylesheet: str, root: str) -> Any:
    class OwnFiles(etree.Resolver):
        """Gives parts of the stylesheet, from the folder of the formats alone, and only while it is read."""

        is_open = True

        def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]
            path = os.path.realpath(system_url[7:] if system_url.startswith("file://") else system_url)
            if not (self.is_open and path.startswith(root + os.sep) and os.path.isfile(path)):
                raise Refused(
                    f"the stylesheet asks for {os.path.basename(system_url)[:100]}, which is none of its formats"
                )
            checked(_parsed(path, "a part of the stylesheet"))
            return self.resolve_filename(path, context)  # type: ignore[attr-defined]

    def checked(tree: Any) -> None:
        for element in tree.iter():
            for namespace in element.nsmap.values():
                if namespace.startswith(BEYOND):
                    raise Refused(
                        f"the stylesheet uses {namespace}: functions beyond XSLT 1.0 are not allowed"
                    )
            if element.tag == f"{XSL}document":
                raise Refused("the stylesheet writes a document of its own")

    checked(_parsed(stylesheet, "the stylesheet"))
    files = OwnFiles()
    parser = _parser_of()
    parser.resolvers.add(files)
    tree = etree.parse(stylesheet, parser)
    try:
        found = etree.XSLT(tree, access_control=_NOTHING)
    except etree.XSLTParseError as error:
        raise Refused(f"the stylesheet cannot be read: {error}") from None
    files.is_open = False
    return found


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as refused:
        sys.stderr.write(str(refused)[:500])
        sys.exit(REFUSED)
    except MemoryError:
        sys.exit(NO_MEMORY)
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        sys.exit(TOO_LARGE)
