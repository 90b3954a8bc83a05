"""All errors of the synchronisation, in terms that a person can act on.

Every error says what happened (``message``), what to do (``hint``), whether a retry can help (``transient``) and on
which side it happened (``remote``). Code decides by type and attribute, never by text::

    SyncError
      DocumentError
        HostileDocument
        TruncatedDocument
        DocumentTooLarge
        NotS3XML
      BadRequest
        LengthRequired
        UnknownResource
        FilterError
      ProtectedResource
      NotAuthenticated
      NotPermitted
      ForeignAccount
      InternalError
      NotRegistered
      MethodNotAllowed
      UnsupportedFormat
      ModuleDisabled
      NoSuchRecord
      LateRequest
      PeerUnreachable
      TlsFailed
      PeerBusy
      PeerFailed
      PeerRefused
      ProtocolError
        RedirectedElsewhere
      ConfigurationError
      AlreadyRunning
      StoreBusy
      StoreFull
      RowRefused
"""

from __future__ import annotations

import enum
from typing import ClassVar

from .messages import Message, Text, message_of


class SyncError(Exception):
    """Base of all errors of the synchronisation.

    Args:
        message: what happened, and at which record, field or URL.
        hint: what the reader can do; by default the hint of the class.
        remote: True if the peer reported the error, False if it happened here.

    Attributes:
        code: name of the kind of error, also on the wire.
        default_hint: what to do, if the error itself has no hint.
        transient: whether a retry can help.
        http_status: HTTP status of the answer that reports it.
        said: what happened, as data.
        remedy: what to do, as data; the hint of the class has the code of the class.
        message, hint: the same in English.
        brought: bytes of what broke off that were new, and are kept: the next attempt goes on behind them.
    """

    code: ClassVar[str] = "sync_error"
    default_hint: ClassVar[str] = "Look at the synchronisation log of both sites for what happened before."
    transient: ClassVar[bool] = False
    http_status: ClassVar[int] = 500
    brought: int = 0

    def __init__(self, message: Text, *, hint: Text | None = None, remote: bool = False) -> None:
        self.said = message_of(message)
        self.remedy = Message(self.code, self.default_hint) if hint is None else message_of(hint)
        self.message = self.said.text
        self.hint = self.remedy.text
        self.remote = remote
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def explain(self) -> str:
        """Return message and hint as one text for a log or a terminal."""
        message = self.message.rstrip()
        if message and self.hint and not message.endswith((".", "!", "?", ":", "…")):
            message += "."
        return f"{message} {self.hint}".strip()


# --- documents -------------------------------------------------------------------------------------------


class DocumentError(SyncError):
    """The received document cannot be read."""

    code = "document_unreadable"
    default_hint = "Nothing was imported. The sending site has to send well-formed S3XML."
    http_status = 400


class HostileDocument(DocumentError):
    """The document uses what no synchronisation needs: a DTD, entities, or absurd depth."""

    code = "document_hostile"
    default_hint = (
        "Nothing was imported. S3XML has no DTD, no entities and little nesting; find out who sent this."
    )


class TruncatedDocument(DocumentError):
    """The document is incomplete: the connection was cut."""

    code = "document_truncated"
    default_hint = "The line was probably cut; the same page is asked for again."
    transient = True


class DocumentTooLarge(DocumentError):
    """The document is larger than this site accepts."""

    code = "document_too_large"
    default_hint = "Send smaller pages, or raise [sync] max_document_mb at the receiving site."
    http_status = 413


class NotS3XML(DocumentError):
    """The answer is something else, mostly an HTML page of a proxy or an error page."""

    code = "not_s3xml"
    default_hint = "Check the URL of the repository: it must be the address of an Eden application."


# --- requests --------------------------------------------------------------------------------------------


class BadRequest(SyncError):
    """The request names something that does not exist, or cannot be read."""

    code = "bad_request"
    default_hint = "Correct the request and send it again."
    http_status = 400


class LengthRequired(BadRequest):
    """The web server of this site passes on only bodies whose length is announced."""

    http_status = 411


class UnknownResource(BadRequest):
    """There is no such table at this site, or it is not synchronised."""

    code = "unknown_resource"
    default_hint = "Choose a resource that both sites have; the module it belongs to may be disabled."


class FilterError(BadRequest):
    """A filter cannot be read or names something that does not exist."""

    code = "filter_invalid"
    default_hint = "Correct the filter of the resource; nothing is sent instead of everything."


class ProtectedResource(SyncError):
    """The table is never synchronised: users, roles, permissions, scheduler and sync tables."""

    code = "resource_protected"
    default_hint = "This table never leaves the site, whoever asks."
    http_status = 403


class NotAuthenticated(SyncError):
    """The credentials are missing or wrong."""

    code = "not_authenticated"
    default_hint = "Check user name and password of the repository."
    http_status = 401


class NotPermitted(SyncError):
    """The account may not do this."""

    code = "not_permitted"
    default_hint = (
        "At the answering site, give the account the role Synchronization; at an Eden, the right to read and "
        "write this resource."
    )
    http_status = 403


class ForeignAccount(SyncError):
    """The repository belongs to another account."""

    code = "account_foreign"
    default_hint = (
        "Log in with the account that registered this site, or let an administrator of the answering site release "
        "its repository for another account."
    )
    http_status = 403


class InternalError(SyncError):
    """This site failed while it answered a request."""

    code = "internal_error"
    default_hint = "Look into the log of the web server of the answering site, and send it to its developers."


class NotRegistered(SyncError):
    """The site that pushes is not registered here."""

    code = "not_registered"
    default_hint = (
        "The sending site has to introduce itself to the receiving one first: at the sending site, open the "
        "repository and use 'Register'."
    )
    http_status = 403


class MethodNotAllowed(SyncError):
    """The address does not support this HTTP method.

    Args:
        allowed: the methods that it supports (RFC 9110, 15.5.6).
    """

    code = "method_not_allowed"
    default_hint = "Use GET to pull, POST or PUT to push or register."
    http_status = 405

    def __init__(
        self,
        message: Text,
        *,
        hint: Text | None = None,
        remote: bool = False,
        allowed: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, hint=hint, remote=remote)
        self.allowed = allowed


class UnsupportedFormat(SyncError):
    """The interface does not have the format that the URL names."""

    code = "format_unsupported"
    default_hint = "Ask for .xml; a registration is .json."
    http_status = 415


class ModuleDisabled(SyncError):
    """The address belongs to a module that is not enabled at this site."""

    code = "module_disabled"
    default_hint = "Enable the module sync at the site that was asked."
    http_status = 404


class NoSuchRecord(SyncError):
    """There is no record with this id, or no file with this name."""

    code = "record_unknown"
    default_hint = "It may have been deleted; ask for the list."
    http_status = 404


class LateRequest(SyncError):
    """A later request of the same site was taken before this one, which was held on the way.

    Args:
        last: number of the last request that was taken.
    """

    code = "request_late"
    default_hint = "Nothing of it was taken, and nothing is missing: what it held came with a later request."
    http_status = 409

    def __init__(self, message: Text, *, hint: Text | None = None, remote: bool = False, last: int) -> None:
        super().__init__(message, hint=hint, remote=remote)
        self.last = last


# --- the line and the peer -------------------------------------------------------------------------------


class Obstacle(str, enum.Enum):
    """What prevents a connection to a peer."""

    NAME = "name"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    SILENCE = "silence"
    PROXY = "proxy"
    LINE = "line"
    #: The address says https, and http is spoken there; or the other way round.
    PLAIN = "plain"
    TLS = "tls"
    #: The network has a log-in page in the way.
    PORTAL = "portal"


class PeerUnreachable(SyncError):
    """There is no connection, or it broke: name resolution, refused, timed out, cut.

    Args:
        obstacle: what prevents the connection.
    """

    code = "peer_unreachable"
    default_hint = "Check the network and whether the other site is running; it is tried again by itself."
    transient = True
    http_status = 504

    def __init__(
        self,
        message: Text,
        *,
        hint: Text | None = None,
        remote: bool = False,
        obstacle: Obstacle = Obstacle.LINE,
    ) -> None:
        super().__init__(message, hint=hint, remote=remote)
        self.obstacle = obstacle


class TlsFailed(SyncError):
    """The certificate of the peer could not be verified."""

    code = "tls_failed"
    default_hint = "Check the date of this computer and the certificate of the other site."
    http_status = 502


class PeerBusy(SyncError):
    """The peer is busy and wants a retry later (429, 502, 503, 504).

    Args:
        retry_after: seconds after which the peer wants the retry, None if it does not say.
    """

    code = "peer_busy"
    default_hint = "The other site is overloaded or restarting; it is tried again by itself."
    transient = True
    http_status = 503

    def __init__(
        self,
        message: Text,
        *,
        hint: Text | None = None,
        remote: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint, remote=remote)
        self.retry_after = retry_after


class PeerFailed(SyncError):
    """The peer failed with an internal error (500 and other statuses)."""

    code = "peer_failed"
    default_hint = "Look at the error tickets of the other site."
    http_status = 502


class PeerRefused(SyncError):
    """The peer refused the request: not authorised, not registered, unknown resource, too large."""

    code = "peer_refused"
    default_hint = "Read the message of the other site and correct the repository or the resource here."
    http_status = 502


class ProtocolError(SyncError):
    """The peer's answer does not follow the protocol."""

    code = "protocol_error"
    default_hint = "Check that the URL is an Eden site and which version it runs."
    http_status = 502


class RedirectedElsewhere(ProtocolError):
    """The peer redirects to another server.

    Args:
        target: the address that it names.
    """

    code = "redirected_elsewhere"
    default_hint = "Enter the address it redirects to (often https, not http) as URL of the repository."

    def __init__(self, message: Text, *, target: str) -> None:
        super().__init__(message, remote=True)
        self.target = target


# --- this site -------------------------------------------------------------------------------------------


class ConfigurationError(SyncError):
    """A setting of this site or of a repository is missing or wrong."""

    code = "configuration"
    default_hint = "Open Administration > Synchronization and correct the setting."


class AlreadyRunning(SyncError):
    """The repository is being synchronised by another worker."""

    code = "already_running"
    default_hint = "Wait for the other run to end; it is shown in the log."
    transient = True
    http_status = 409


class StoreBusy(SyncError):
    """The database of this site is locked or unreachable.

    Attributes:
        deadlock: whether what we did was undone only because somebody else was faster: it can be done again at once.
        uncertain: whether it may be stored all the same: the database was lost while it was asked to keep it.
    """

    code = "store_busy"
    default_hint = "Another process holds the database; it is tried again by itself."
    transient = True
    http_status = 503
    deadlock = uncertain = False


class StoreFull(SyncError):
    """The disk or the database of this site is full."""

    code = "store_full"
    default_hint = "Free disk space at this site; nothing of the last page was stored, it is asked for again."
    http_status = 507


class RowRefused(SyncError):
    """The database refused a row: a constraint of the data model was violated."""

    code = "row_refused"
    default_hint = (
        "Correct the record at the site it comes from; the other records of the page are not affected."
    )
    http_status = 409
