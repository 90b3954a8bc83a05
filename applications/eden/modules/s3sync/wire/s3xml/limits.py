"""How large documents, records and identifiers may be."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.limits import DOCUMENT_SIZE, MEGABYTE

#: Maximum characters of an identifier (uuid, tuid), without the domain that an Eden puts before it.
LONGEST_IDENTIFIER = 128
#: Maximum characters of the domain before an identifier: that of a domain name (RFC 1035, 2.3.4).
LONGEST_DOMAIN = 255
#: Maximum characters of the other attributes of a record, and of the members of a list:reference together.
LONGEST_ATTRIBUTE, LONGEST_MEMBERS = 16_384, MEGABYTE


@dataclass(frozen=True)
class DocumentLimits:
    """The limits for a document.

    Attributes:
        max_bytes: bytes of the whole document, unpacked.
        max_depth: nesting of <resource> elements; components and inline references need 2 to 4.
        max_elements_per_record: elements in one record, its components included.
        max_attributes_per_record: attributes in one record, its components included.
        max_attributes_per_element: attributes of one element. An element of another name than <resource> is
            looked at only in a record that does not fit into one read.
        max_bytes_per_record: bytes of one record, its components included. A text of 64 MB, the most a form takes,
            has room in it together with its escapes and the other fields.
    """

    max_bytes: int = DOCUMENT_SIZE
    max_depth: int = 16
    max_elements_per_record: int = 100_000
    max_attributes_per_record: int = 300_000
    max_attributes_per_element: int = 200
    max_bytes_per_record: int = 96 * MEGABYTE
