"""S3XML as bytes and as Records, streaming both ways, and the S3JSON that answers a push.

- ``reader``: from a document to its top-level elements, in flat memory, with limits.
- ``decoder``: from an element to a Record.
- ``limits``, ``record_size``, ``identifiers``: how large documents, records and identifiers may be.
- ``encoder``: from a Record to an element, and the pieces from which the exporter builds one without a Record.
- ``document``: a document on disk, its main records in order, the others on demand.
- ``deletions``: who deleted a record where, and what took it along.
- ``edits``: which fields of a record were edited, when, where and by whom.
- ``site_names``: what the sender calls the sites that edited them.
- ``error_tree``: the errors that a receiver reports to the sender.
"""

from .decoder import Decoder
from .deletions import read_deletion, write_deletion
from .edits import read_edits, write_edits
from .encoder import (
    FOOTER,
    RESOURCE_CLOSE,
    edits_attribute,
    encode_record,
    further_uuids,
    header,
    list_reference,
    reference,
    reference_frame,
    resource_open,
)
from .error_tree import error_tree, rejected_uuids
from .identifiers import strip_domain, too_long, with_domain
from .limits import LONGEST_IDENTIFIER, DocumentLimits
from .reader import DocumentReader, Element, Header, elements, fragment, parse_fragment
from .site_names import write_site_names

__all__ = (
    "FOOTER",
    "LONGEST_IDENTIFIER",
    "RESOURCE_CLOSE",
    "Decoder",
    "DocumentLimits",
    "DocumentReader",
    "Element",
    "Header",
    "document",
    "edits_attribute",
    "elements",
    "encode_record",
    "error_tree",
    "fragment",
    "further_uuids",
    "header",
    "list_reference",
    "parse_fragment",
    "read_deletion",
    "read_edits",
    "reference",
    "reference_frame",
    "rejected_uuids",
    "resource_open",
    "strip_domain",
    "too_long",
    "with_domain",
    "write_deletion",
    "write_edits",
    "write_site_names",
)
