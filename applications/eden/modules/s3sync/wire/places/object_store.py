"""What a server that speaks S3 answers: lists of objects, and errors."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote_plus

from lxml import etree

from .plain_xml import parsed


class StoredObject(NamedTuple):
    """An object.

    Attributes:
        key: its name in the bucket.
        size: its bytes.
        mark: its ETag.
    """

    key: str
    size: int
    mark: str


class ObjectList(NamedTuple):
    """A page of a list.

    Attributes:
        objects: those in the folder itself.
        folders: beginnings of the names of others, up to the next slash.
        following: what asks for the next page, "" after the last one.
    """

    objects: list[StoredObject]
    folders: list[str]
    following: str


def object_list(text: bytes) -> ObjectList:
    """Return a page of a list, whose keys are encoded like those in addresses.

    Raises:
        ValueError: it is no such list.
    """
    root = parsed(text)
    if _name(root) != "ListBucketResult":
        raise ValueError(f"it is {root.tag}, not a list of objects")
    objects = [
        StoredObject(unquote_plus(_text(each, "Key")), int(_text(each, "Size")), _text(each, "ETag"))
        for each in root
        if _name(each) == "Contents"
    ]
    folders = [unquote_plus(_text(each, "Prefix")) for each in root if _name(each) == "CommonPrefixes"]
    more = _text(root, "IsTruncated") == "true"
    return ObjectList(objects, folders, _text(root, "NextContinuationToken") if more else "")


class StoreError(NamedTuple):
    """What is wrong.

    Attributes:
        code: a word, e.g. "NoSuchBucket".
        message: for people.
    """

    code: str
    message: str


def store_error(text: bytes) -> StoreError:
    """Return the error of an answer; both parts are "" where it has none."""
    try:
        root = parsed(text)
    except ValueError:
        return StoreError("", "")
    if _name(root) != "Error":
        return StoreError("", "")
    return StoreError(_text(root, "Code"), _text(root, "Message"))


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _text(element: etree._Element, name: str) -> str:
    return next(((each.text or "").strip() for each in element if _name(each) == name), "")
