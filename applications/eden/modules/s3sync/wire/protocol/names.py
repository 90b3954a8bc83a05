"""Paths, parameters, capabilities and limits of the protocol."""

from __future__ import annotations

from ...core.text import TextEnum


class PeerCapability(TextEnum):
    """What a site announces beyond an Eden, when it registers and in its offer.

    Attributes:
        CURSOR: pages that go on at a cursor.
        GZIP: compressed bodies.
        FILES: uploaded files, sent by PUT.
        NULLS: the attribute ``null``, for a field that was cleared.
        LOOK: requests of a dry run, which change nothing.
        TOGETHER: several resources in one request, in both directions.
        RESUME: answers, bodies and files go on where they broke off.
        AHEAD: the next page is asked for before the present one is stored.
        TWO_AHEAD: so is the one after it.
        COLUMNS: documents travel column by column over bad lines.
        LISTEN: a site may listen until something changes.
        PRESCRIBE: a question for news tells which prescription is followed, and is answered with another one.
        DICTIONARY: small bodies may be packed with the dictionary of this name, which has its digest in it.
    """

    CURSOR = "cursor"
    GZIP = "gzip"
    FILES = "files"
    NULLS = "nulls"
    LOOK = "look"
    TOGETHER = "together"
    RESUME = "resume"
    AHEAD = "ahead"
    PRESCRIBE = "prescribe"
    LISTEN = "listen"
    COLUMNS = "columns"
    TWO_AHEAD = "two-ahead"
    DICTIONARY = "dict-3ac52034"


SYNC_PATH = "sync/sync.xml"
REGISTER_PATH = "sync/repository/register.json"
FILE_PATH = "sync/file"
#: Where every application of web2py serves the files of its records.
DOWNLOAD_PATH = "default/download"
OFFER_PATH = "sync/offer.json"
STANDING_PATH = "sync/standing.json"
NEWS_PATH = "sync/news.json"
PUSHES_PATH = "sync/pushes.json"
PART_PATH = "sync/part"
LISTEN_PATH = "sync/listen.json"
JOIN_PATH = "sync/join.json"

#: Header of the answer to a pull: the cursor at which the next page begins, where there is one.
CURSOR_HEADER = "Eden-Sync-Cursor"

#: How the names of dictionaries begin, as capabilities and as codings of bodies.
DICTIONARIES = "dict-"

#: What this version announces.
CAPABILITIES: tuple[str, ...] = tuple(PeerCapability)

MOST_PER_PAGE = 100_000
LONGEST_UUID, LONGEST_JOURNAL, LONGEST_VERSION = 128, 64, 64
