"""Counts the elements and attributes of a record while it arrives."""

from __future__ import annotations

from lxml import etree

from ...core.errors import HostileDocument
from .limits import DocumentLimits

_ELEMENTS = etree.XPath("count(descendant::*) + count(following::*)")
_ATTRIBUTES = etree.XPath("count(descendant::*/@*) + count(following::*/@*)")
_CROWDED = etree.XPath("boolean(descendant::*[@*[$most + 1]] | following::*[@*[$most + 1]])")


class RecordSize:
    """Counts what has been parsed of a document's tree, each element once.

    Args:
        limits: the limits for the document.
    """

    def __init__(self, limits: DocumentLimits) -> None:
        self._limits = limits
        self.start_over()

    def start_over(self) -> None:
        """Begin with another record."""
        self._last: etree._Element | None = None
        self._elements = self._attributes = 0

    def check(self, root: etree._Element) -> None:
        """Count the elements that are new below the root since the last call.

        Raises:
            HostileDocument: the record has too many elements or attributes.
        """
        limits = self._limits
        since = root if self._last is None else self._last
        # Every new element comes after the last one that was counted, so each is visited once.
        self._elements += _number(_ELEMENTS(since))
        if self._elements > limits.max_elements_per_record:
            raise HostileDocument(
                f"The document holds a record of more than {limits.max_elements_per_record} elements."
            )
        self._attributes += _number(_ATTRIBUTES(since))
        if self._attributes > limits.max_attributes_per_record:
            raise HostileDocument(
                f"The document holds a record of more than {limits.max_attributes_per_record} attributes."
            )
        if _CROWDED(since, most=limits.max_attributes_per_element):
            raise crowded(limits)
        self._last = _deepest_last(since)


def crowded(limits: DocumentLimits) -> HostileDocument:
    """Return the error that an element has too many attributes."""
    return HostileDocument(
        f"The document holds an element of more than {limits.max_attributes_per_element} attributes."
    )


def _number(count: object) -> int:
    assert isinstance(count, float)
    return int(count)


def _deepest_last(since: etree._Element) -> etree._Element:
    """Return the last element of the tree in the order of the document."""
    element = since.getroottree().getroot()
    while True:
        child = next(element.iterchildren(reversed=True), None)
        if child is None:
            return element
        element = child
