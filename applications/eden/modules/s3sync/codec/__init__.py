"""S3XML as bytes and as Records, streaming both ways, and the S3JSON that answers a push.

- ``reading``: a document to its top-level elements, in flat memory, with limits.
- ``decoding``: an element to a Record.
- ``writing``: a Record to an element, and the pieces from which the exporter builds one without a Record.
- ``errortree``: what a receiver found wrong, as the sender gets to see it.
"""

from .decoding import Decoder, strip_domain, with_domain
from .errortree import error_tree, rejected_uuids
from .reading import DocumentReader, Element, Header, Limits, elements, fragment, parse_fragment
from .writing import (
    FOOTER,
    RESOURCE_CLOSE,
    encode_record,
    header,
    list_reference,
    reference,
    reference_frame,
    resource_open,
)

__all__ = (
    "FOOTER",
    "RESOURCE_CLOSE",
    "Decoder",
    "DocumentReader",
    "Element",
    "Header",
    "Limits",
    "elements",
    "encode_record",
    "error_tree",
    "fragment",
    "header",
    "list_reference",
    "parse_fragment",
    "reference",
    "reference_frame",
    "rejected_uuids",
    "resource_open",
    "strip_domain",
    "with_domain",
)
