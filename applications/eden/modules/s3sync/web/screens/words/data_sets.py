"""Messages about data sets of other sites in the reader's language."""

from __future__ import annotations

from ....core.messages import Sentence
from ....site.labels import Translate


def sentences(T: Translate) -> dict[Sentence, str]:
    """Return sentence -> its text in the reader's language."""
    return {
        Sentence.SETS_NOT_ASKED: T(
            "%(name)s could not be asked for its data sets: %(reason)s What was exchanged before goes on."
        ),
        Sentence.SET_ADDS: T(
            "The data set %(code)s of %(name)s has resources that are fetched from now on: %(what)s."
        ),
        Sentence.SET_CHANGES: T(
            "The data set %(code)s of %(name)s has other records by now; these are compared anew: %(what)s."
        ),
        Sentence.SET_ENDS: T(
            "The data set %(code)s of %(name)s does not have these resources any more; they end here, and their "
            "records stay: %(what)s."
        ),
        Sentence.SET_GONE: T(
            "%(name)s does not offer the data set %(code)s any more: its resources end here, and their records stay."
        ),
        Sentence.SET_LACKS: T(
            "%(resource)s of the data set %(code)s of %(name)s cannot be fetched here: %(reason)s"
        ),
        Sentence.SET_OVERLAPS: T(
            "Another of its entries has other records of the same resource, and one repository fetches a resource by "
            "one rule: add a further repository of this type for one of two sets."
        ),
        Sentence.CHOOSE_SETS: T("Open the repository's tab Data sets and choose what is to be fetched."),
        Sentence.ARCHIVE_TAKEN: T(
            "The records are taken from the archive of the data set %(code)s; what changed since it was made is asked "
            "for."
        ),
        Sentence.ARCHIVE_NOT_TAKEN: T(
            "The archive of the data set %(code)s was not taken: %(reason)s All records are asked for instead."
        ),
        Sentence.ARCHIVE_LACKS: T("It has no document for this resource."),
        Sentence.ARCHIVE_OLDER: T("It was made before the resource was changed there."),
        Sentence.ARCHIVE_DIFFERS: T("Its document is not what its digest says."),
        Sentence.ARCHIVE_INSIDE: T("Its address leads into a network that is not public: %(host)s."),
        Sentence.ASK_FOR_ARCHIVE: T("Ask the people at the other site to make the archive anew."),
    }
