"""The limits of an exchange: sizes, counts and times.

Limits of the wire format itself, such as the longest uuid, are in ``wire.protocol`` and ``wire.s3xml``.
"""

from __future__ import annotations

MEGABYTE = 1024**2

# --- defaults of the settings ------------------------------------------------------------------------------

#: Main records in a page, and records that an import writes in one transaction.
PAGE_SIZE = BATCH_SIZE = 5000
#: Maximum size of a document, unpacked, and of the file of an upload field.
DOCUMENT_MEGABYTES, FILE_MEGABYTES = 1024, 100
DOCUMENT_SIZE, FILE_SIZE = DOCUMENT_MEGABYTES * MEGABYTE, FILE_MEGABYTES * MEGABYTE
#: Seconds to wait for a connection, and for the next byte on it: an Eden computes for long before the first one.
CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 300.0
#: Bytes a second that an answer brings at least, over the seconds of a window: who sends less holds the worker only.
LEAST_RATE, RATE_WINDOW = 50.0, 300.0
#: How often a request is retried after a transient failure, and the seconds before the first retry.
RETRIES, RETRY_DELAY = 3, 1.0

# --- transfer ----------------------------------------------------------------------------------------------

#: Bytes copied at once from one stream to another.
CHUNK = 256 * 1024
#: Bytes at the beginning of an answer that show its kind.
BEGINNING = 64 * 1024
#: Bytes from which on it is worth going on where a body or an answer broke off: less is sent again.
WORTH_RESUMING = 64 * 1024
#: Bytes that an attempt brings at least so that it does not count as one in vain.
LEAST_BROUGHT = 8 * 1024
#: Maximum bytes of the parts that a store keeps, and how many it keeps, of one repository and together.
PART_BYTES, PARTS_OF_ONE, PARTS_TOGETHER = 512 * MEGABYTE, 8, 1000
#: Seconds for which an answer is kept, and the part of a body or a file.
ANSWER_KEPT, PART_KEPT = 600.0, 86_400.0
#: The factor by which a page is made smaller when it was too large for the other side.
SHRINK = 4
#: Pages without a record, one after another, after which a pull ends: who says that more comes must send it.
MOST_EMPTY_PAGES = 100
#: Resources and data sets of another site's offer, and characters of its names, that are kept.
MOST_OFFERED, LONGEST_OFFERED = 2000, 255
#: Files that one answer asks a peer for.
MOST_FILES = 1000

# --- reports -----------------------------------------------------------------------------------------------

#: Lines about rejected records, conflicts and warnings that a task keeps, and those in its log entry.
MOST_PROBLEMS, LOGGED_PROBLEMS = 1000, 50
#: Versions from one repository that are kept and wait for a decision.
MOST_KEPT = 100_000
#: Repositories that one account registers, words that one site says of its abilities, and entries of the log about one
#: repository that outlast a night.
MOST_REGISTERED, MOST_WORDS, MOST_ENTRIES = 10_000, 100, 100_000
#: Maximum characters of the name of a repository and of a table, from the width of their columns.
LONGEST_NAME = LONGEST_RESOURCE = 64
#: Digits of a whole number that every database can search for.
MOST_DIGITS = 9


def is_number(text: str) -> bool:
    """Return whether a text is a whole number that every database can search for.

    Args:
        text: a part of an address.
    """
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
