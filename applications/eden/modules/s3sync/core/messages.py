"""Messages and failures as data: the code of a sentence, and its parameters.

The log, the runs and the wire have plain English, which means the same to every reader and every site. Besides, this
site stores the code of the sentence and its parameters, from which screens make it in the reader's language. Messages
of other sites, and those without a code, stay text.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Union

from .text import legible


@dataclass(frozen=True)
class Message:
    """A sentence, in English and as data.

    Attributes:
        code: code of the sentence, "" for a text without code.
        text: the English text.
        params: parameters of the sentence: texts, numbers, counts by name, or other messages.
    """

    code: str
    text: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text

    def as_json(self) -> dict[str, Any]:
        """Return the message as data, without the English text if it has a code."""
        if not self.code:
            return {"text": legible(self.text)}
        return {"code": self.code, "params": {name: _as_json(value) for name, value in self.params.items()}}


def _as_json(value: Any) -> Any:
    if isinstance(value, Message):
        return value.as_json()
    return legible(value) if isinstance(value, str) else value


#: A message, or a text without code.
Text = Union[str, Message]


@enum.unique
class Sentence(enum.Enum):
    """The sentences with a code: the name is the code, the value the English text.

    Codes are stored: a sentence may be reworded, or get another code, but no code may change its meaning.
    """

    NOTHING_NEW = "Nothing new."
    NOTHING_TO_SEND = "Nothing to send."
    RECORDS_RECEIVED = "%(count)s records received: %(outcomes)s."
    RECORDS_SENT = "%(count)s records sent: %(outcomes)s."
    RECORDS_WRITTEN = "%(count)s records written; they count as sent when the other site has read them."
    PAGES_LOST = (
        "Records between those that are here and those in the folder are missing: a memory stick was lost, or is still "
        "on its way. The other site writes them again once it has read from this site."
    )
    OLD_COPY = "What lies in the folder is older than what was read before, so nothing of it was read."
    RESTORED_HERE = "This site was restored from a backup: everything is compared again."
    MORE_LINES = "... and %(count)s more."
    RECORD_REJECTED = "%(record)s was rejected: %(reason)s"
    RECORD_REJECTED_THERE = "%(record)s was rejected there: %(reason)s"
    RECORD_NEWER_THERE = "%(record)s was not sent: it is newer there."
    RECORD_CONFLICT = "%(record)s changed at both sites. %(reason)s"
    MAY_NOT_READ = "Not allowed: its scope does not let the asking site read %(resource)s."
    MAY_NOT_WRITE = "Not allowed: its scope does not let the asking site write %(resource)s."
    MAY_NOT_TELL_APART = (
        "Not allowed: some records lie outside of the scope, and cannot be told apart from the others."
    )
    MAY_NOT_ASK_BY = "Not allowed there: the filter %(filter)s looks at records that this site may not read."
    WAITS_FOR_APPROVAL = (
        "This site waits for the approval of an administrator: until then it gets and brings nothing."
    )
    REGISTER_FIRST = "Who asks has to register first, and to be approved by an administrator."
    REVOKED_HERE = "An administrator has taken away what this site may do here: it gets and brings nothing."
    INVITATION_UNKNOWN = "This invitation is not known here: it was withdrawn, or taken up already."
    INVITATION_EXPIRED = "This invitation was valid until %(time)s (UTC)."
    ALREADY_HERE = (
        "This site is here already, as %(name)s: an administrator has to delete that repository first."
    )
    INVITED_BY_ITSELF = "This is an invitation of this site itself."
    JOIN_ELSEWHERE = "Take it up at the site that shall join."
    EXCHANGES_ALREADY = "This site exchanges with %(name)s already."
    DELETE_THAT_FIRST = "Delete that repository first, if it shall be set up anew."
    ANOTHER_SITE_ANSWERS = "At the address of %(name)s another site answers."
    ASK_FOR_ANOTHER = "Ask there for a new invitation."
    JOINED = "%(name)s joined by the invitation %(invitation)s."
    NAME_THE_SITE = (
        "Not allowed there: this account has a scope, and may ask only for the site that it registered."
    )
    NOT_BY_THIS_ADDRESS = "Not allowed there: an account with a scope may only synchronise."
    RECORD_NOT_ALLOWED = (
        "%(record)s was not taken: not allowed here, it lies outside of the scope of the site."
    )
    RECORD_NOT_ALLOWED_THERE = "%(record)s was not taken there: not allowed there."
    CONFLICTS_DECIDED = "Conflicts decided at other sites: %(count)s."
    CONFLICT_DECIDED = "%(record)s: %(decision)s, decided by %(who)s at %(site)s on %(time)s (UTC)."
    DELETED_FOR_GOOD = (
        "%(who)s deleted %(record)s for good at this site, with what had been deleted with it: "
        "%(count)s records in all."
    )
    OUR_VERSION = "our version"
    THEIR_VERSION = "the other site's version"
    FIELD_BY_FIELD = "field by field"
    CHANGED_AGAIN = "changed again since"
    PEER_RESTORED = "The other site was restored from a backup: everything is compared again."
    FILE_NOT_RECEIVED = (
        "The file %(file)s, missing since %(since)s, did not come; it is asked for again: %(reason)s"
    )
    FILE_NOT_SENT = "The file %(file)s was not sent: %(reason)s"
    CLOCK_AHEAD = "The clock of the other site is %(seconds)s seconds ahead of ours."
    CLOCK_BEHIND = "The clock of the other site is %(seconds)s seconds behind ours."
    UNEXPECTED_ERROR = "Unexpected error at this site: %(error)s"
    BROKEN_OFF_BY = "The run was broken off: %(error)s"
    WORKER_LOST = "The worker ended without a word; another run goes on from there."
    TRIED_AGAIN = "The run is tried again by itself at %(time)s (UTC)."
    MAIL_NOT_SENT = "The mail to %(recipients)s could not be sent: %(reason)s"
    STOPPED_BY_PERSON = "The synchronisation was stopped by a person."
    TAKEN_OVER = "Another worker has taken over this repository."
    RUNNING_ELSEWHERE = "Repository %(repository)s is being synchronised by %(owner)s."
    PAGE_STANDS_STILL = "The other site promises another page of %(resource)s and stays where it is."
    INTRODUCED = "%(name)s introduced itself as %(uuid)s."
    INTRODUCED_AGAIN = "%(name)s introduced itself as %(uuid)s again."
    REGISTERED = "%(answer)s (version %(version)s, %(uuid)s)."
    REGISTERED_AT_EDEN = "%(answer)s (an Eden, %(uuid)s)."
    PRESCRIPTION_TAKEN = "%(name)s prescribes what is exchanged: %(what)s."
    NOTHING_PRESCRIBED = (
        "%(name)s prescribes nothing any more: what is exchanged stays as it is, and is decided here."
    )
    PRESCRIPTION_WRONG = (
        "What %(name)s prescribes cannot be carried out here: %(reason)s What was exchanged before goes on."
    )
    PRESCRIPTION_BEYOND = (
        "%(name)s prescribes more than was agreed (%(what)s): that waits for an administrator here. What was exchanged "
        "before goes on."
    )
    LOOK_AT_PRESCRIPTION = "Look at the resources of the repository: there it is told, and can be accepted."
    NOT_READABLE = "It cannot be read."
    PRESCRIPTION_TOO_LARGE = (
        "It is too large: at most %(resources)s resources with %(characters)s characters can be prescribed."
    )
    FEWER_PRESCRIBED = "Choose fewer resources, or shorter conditions."
    PRESCRIBES_ANEW = "The other site has prescribed something else again and again within one run."
    ALERT_NOT_MEANT = "The alert %(alert)s was passed over: its status is %(status)s."
    ALERT_NO_NEWS = "The alert %(alert)s was passed over: %(kind)s tells nothing new of what happens."
    ALERT_NOT_READ = "The alert %(alert)s was passed over: %(reason)s"
    ALERT_CANCELS_UNKNOWN = "The alert %(alert)s was passed over: it cancels one that did not come here."
    ALERT_ELSEWHERE = (
        "The alert %(alert)s was passed over: it is at another server, which is not among those that are "
        "allowed."
    )
    NO_RESOURCES = "No resources are configured for this repository."
    SETS_NOT_ASKED = (
        "%(name)s could not be asked for its data sets: %(reason)s What was exchanged before goes on."
    )
    SET_ADDS = "The data set %(code)s of %(name)s has resources that are fetched from now on: %(what)s."
    SET_CHANGES = (
        "The data set %(code)s of %(name)s has other records by now; these are compared anew: %(what)s."
    )
    SET_ENDS = (
        "The data set %(code)s of %(name)s does not have these resources any more; they end here, and their records "
        "stay: %(what)s."
    )
    SET_GONE = "%(name)s does not offer the data set %(code)s any more: its resources end here, and their records stay."
    SET_LACKS = "%(resource)s of the data set %(code)s of %(name)s cannot be fetched here: %(reason)s"
    SET_OVERLAPS = (
        "Another of its entries has other records of the same resource, and one repository fetches a resource by one "
        "rule: add a further repository of this type for one of two sets."
    )
    CHOOSE_SETS = "Open the repository's tab Data sets and choose what is to be fetched."
    ARCHIVE_TAKEN = (
        "The records are taken from the archive of the data set %(code)s; what changed since it was made is asked "
        "for."
    )
    ARCHIVE_NOT_TAKEN = (
        "The archive of the data set %(code)s was not taken: %(reason)s All records are asked for instead."
    )
    ARCHIVE_LACKS = "It has no document for this resource."
    ARCHIVE_OLDER = "It was made before the resource was changed there."
    ARCHIVE_DIFFERS = "Its document is not what its digest says."
    ARCHIVE_INSIDE = "Its address leads into a network that is not public: %(host)s."
    ASK_FOR_ARCHIVE = "Ask the people at the other site to make the archive anew."

    # the connection and the other site's answers
    THROUGH_PROXY = " through the proxy %(proxy)s"
    CERTIFICATE_NOT_VERIFIED = "The certificate of %(url)s could not be verified%(through)s: %(reason)s"
    CERTIFICATE_CHANGED = (
        "The certificate of %(url)s is not the one that was vouched for%(through)s: nothing was sent."
    )
    SPEAKS_OTHERWISE = "%(url)s is asked by %(named)s, but %(spoken)s is spoken there."
    NOT_REACHED = "%(url)s cannot be reached%(through)s: %(reason)s"
    NO_CONNECTION_IN_TIME = "%(url)s cannot be reached%(through)s: no connection in time."
    SILENT = "%(url)s was silent for too long%(through)s."
    TOO_SLOW = "%(url)s sends its answer too slowly."
    CONNECTION_FAILED = "The connection to %(url)s failed%(through)s: %(reason)s"
    EXCHANGE_FAILED = "The exchange with %(url)s failed%(through)s: %(reason)s"
    ANSWER_CUT = "The answer of %(url)s ends in the middle: %(reason)s"
    CANNOT_BE_ASKED = "%(url)s cannot be asked: %(reason)s"
    WEB_PAGE = "%(url)s answered with a web page."
    WEB_PAGE_TITLED = '%(url)s answered with a web page with the title "%(title)s".'
    STATUS = "%(url)s answered with status %(status)s."
    STATUS_SAYING = "%(url)s answered %(status)s: %(reason)s"
    NOT_THERE = "%(url)s does not exist at the other site (404)."
    NOT_THERE_SAYING = "%(url)s does not exist at the other site (404): %(reason)s"

    # remedies, if that of the error is not specific enough
    SET_CLOCKS = "Set both clocks (NTP): which version of a record is newer is decided by them."
    REPORT_DEFECT = "This is a defect: the trace is in the log of the worker. Please report it."
    COMPARE_CERTIFICATE = (
        "Ask the people there whether they have a new certificate. If so, enter its fingerprint in the configuration "
        "of the repository, as they tell it; if not, somebody is in between."
    )
    CHECK_MAIL_SERVER = (
        "Check the mail server ([mail] in private/appconfig.ini) by a test mail on the page Settings."
    )
    BEGIN_ADDRESS = "Let the address of the other site begin with %(scheme)s"
    LOG_IN_TO_NETWORK = "Log in to the network of this computer, in a browser; it is tried again by itself."
    CHECK_PROXY = "Check the proxy of the repository or of the site; it is tried again by itself."
    CHECK_URL_AND_MODULE = (
        "Check the URL of the repository, and whether synchronisation is enabled at the other site."
    )
    RESOURCE_PROBABLY_MISSING = (
        "The other site gave no reason. Probably it does not have this resource: enable its module there, "
        "or remove the resource from the repository."
    )
    LET_BACK_IN = "Let the site back in, on the page Scope of its repository."
    ADD_RESOURCES = "Open the repository's tab Resources and add what is to be exchanged."

    @property
    def code(self) -> str:
        """The code for the database."""
        return self.name.lower()

    def say(self, **params: Any) -> Message:
        """Return the sentence with its parameters."""
        return Message(self.code, self.value % params, params)


def message_of(told: Text) -> Message:
    """Return a message, also for a text."""
    return told if isinstance(told, Message) else Message("", told)


def described(lines: Sequence[Message], remedy: Message | None = None) -> dict[str, Any] | None:
    """Return lines and remedy as data to store besides their English text, None if nothing has a code."""
    if not any(each.code for each in lines) and not (remedy and remedy.code):
        return None
    found: dict[str, Any] = {"message": [each.as_json() for each in lines]}
    if remedy and remedy.text:
        found["remedy"] = remedy.as_json()
    return found


def received(counts: Mapping[str, int]) -> Message:
    """Return the sentence about received records and their outcomes.

    Args:
        counts: outcome -> number of records.
    """
    total = sum(counts.values())
    text = f"{_records(total)} received: {_listed(counts)}."
    return Message(Sentence.RECORDS_RECEIVED.code, text, {"count": total, "outcomes": _moved(counts)})


def sent(count: int, counts: Mapping[str, int]) -> Message:
    """Return the sentence about sent records and their outcomes.

    Args:
        count: records.
        counts: outcome -> number of records, as far as the other site told.
    """
    listed = _listed(counts)
    text = f"{_records(count)} sent{f': {listed}' if listed else ''}."
    return Message(Sentence.RECORDS_SENT.code, text, {"count": count, "outcomes": _moved(counts)})


def bounded(lines: Sequence[Text], most: int) -> Iterator[Message]:
    """Yield the first lines, and a line with the number of further ones."""
    yield from map(message_of, lines[:most])
    if len(lines) > most:
        yield Sentence.MORE_LINES.say(count=len(lines) - most)


def _moved(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in _moved(counts).items())


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"


# --- what failed in a run ----------------------------------------------------------------------------------


class FailureRecord(NamedTuple):
    """A failed task, as it is stored with a run.

    Attributes:
        resource: the name of its table, None for the repository as a whole.
        mode: the direction, "pull" or "push".
        code: kind of the error.
        message: what happened, in English.
        remedy: what to do, in English.
        params: message and remedy as data (see ``described``).
    """

    resource: str | None
    mode: str
    code: str
    message: str
    remedy: str
    params: Any = None


def read_failures(stored: Iterable[Mapping[str, Any]] | None) -> list[FailureRecord]:
    """Return the failures of a run.

    Args:
        stored: their stored form; None for a run of an earlier release, which stored none.
    """
    return [
        FailureRecord(
            each.get("resource"),
            each.get("mode") or "",
            each.get("code") or "",
            each.get("message") or "",
            each.get("remedy") or "",
            each.get("params"),
        )
        for each in stored or ()
    ]
