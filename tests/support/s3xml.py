"""Small documents in S3XML, and how tests read them, by the data model of the tests."""

from __future__ import annotations

import io
from typing import Any

from lxml import etree

from s3sync.core.records import Record
from s3sync.wire.s3xml import Decoder, DocumentLimits, DocumentReader
from tests.support.datamodel import schema

SCHEMA = schema()
DECODER = Decoder(SCHEMA)


def read(text: str | bytes, limits: DocumentLimits | None = None) -> list[Any]:
    data = text if isinstance(text, bytes) else text.encode()
    return [element.get("uuid") for element in DocumentReader(io.BytesIO(data), limits)]


def decode(text: str) -> Record:
    return DECODER.decode(etree.fromstring(text))


def document(*records: str) -> str:
    return f"<s3xml>{''.join(records)}</s3xml>"


ONE = '<resource name="org_office" uuid="u1"/>'
