"""How much, how many and how long: the numbers that bound an exchange, each in this one place.

Bounds of the wire itself, such as the longest uuid, stand in ``protocol`` and ``codec``.
"""

from __future__ import annotations

MEGABYTE = 1024**2

# --- what an administrator can set: the values where nothing is set ----------------------------------------

#: Main records of a page, and records that an import writes in one transaction.
PAGE_SIZE = BATCH_SIZE = 5000
#: Of a document, unpacked, and of the file of an upload field.
DOCUMENT_MEGABYTES, FILE_MEGABYTES = 1024, 100
DOCUMENT_SIZE, FILE_SIZE = DOCUMENT_MEGABYTES * MEGABYTE, FILE_MEGABYTES * MEGABYTE
#: Seconds until a connection stands, and of silence on it: an Eden computes long before its first byte.
CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 300.0
#: How often a request that failed in passing is repeated, and the seconds before the first repetition.
RETRIES, RETRY_DELAY = 3, 1.0

# --- what is moved at once ---------------------------------------------------------------------------------

#: Bytes from one stream to another.
CHUNK = 256 * 1024
#: Bytes of the beginning of an answer by which its kind is told.
BEGINNING = 64 * 1024
#: By which a page becomes smaller when it was too large for the other side.
SHRINK = 4
#: Files that a peer is asked for in one answer.
MOST_FILES = 1000

# --- what is told ------------------------------------------------------------------------------------------

#: Lines about rejected records, conflicts and warnings that a task keeps, and of them in its log entry.
MOST_PROBLEMS, LOGGED_PROBLEMS = 1000, 50
#: Characters of the name of a repository and of a table, as the database has room for.
LONGEST_NAME = LONGEST_RESOURCE = 64
#: Digits of a whole number that every database can look for.
MOST_DIGITS = 9


def is_number(text: str) -> bool:
    """Tell whether a text is a whole number that every database can look for.

    Args:
        text: as it stands in an address.
    """
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
