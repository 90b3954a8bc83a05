"""What to do about an error, and why a version was taken or not, in the reader's language.

The log and the list of conflicts keep plain English, which means the same to every reader and every site. The
sentences that the code itself says are known, so they are shown translated; whatever else stands there (what
another site said, a remedy made for one case) is shown as it is.
"""

from __future__ import annotations

from typing import Any

from ....core import errors
from ....core.policy import DecisionReason
from ....database.store.transactions import CallbackRollback
from ....site.labels import Translate


def remedies(T: Translate) -> dict[str, Any]:
    """Return what the remedies that errors have by themselves are in the reader's language, by their text."""
    return {
        errors.SyncError.default_hint: T("Look at the log of both sites for what happened before."),
        errors.DocumentError.default_hint: T(
            "Nothing was taken over. The other site has to send it correctly."
        ),
        errors.HostileDocument.default_hint: T("Nothing was taken over. Find out who sent this."),
        errors.TruncatedDocument.default_hint: T(
            "The line was probably cut. The same page is asked for again."
        ),
        errors.DocumentTooLarge.default_hint: T(
            "Send smaller pages, or let the receiving site accept more ([sync] max_document_mb)."
        ),
        errors.NotS3XML.default_hint: T(
            "Check the URL of the repository: it must be the address of an Eden site."
        ),
        errors.BadRequest.default_hint: T("Correct the request and send it again."),
        errors.UnknownResource.default_hint: T(
            "Choose a resource that both sites have. Its module may be disabled."
        ),
        errors.FilterError.default_hint: T(
            "Correct the filter of the resource. Until then nothing is sent, rather than everything."
        ),
        errors.ProtectedResource.default_hint: T("This resource never leaves the site, whoever asks."),
        errors.NotAuthenticated.default_hint: T("Check user name and password of the repository."),
        errors.NotPermitted.default_hint: T(
            "At the answering site, give the account the role Synchronization; at an Eden, the right to read "
            "and change this resource."
        ),
        errors.NotRegistered.default_hint: T(
            "The sending site has to register first: open the repository there and use 'Register'."
        ),
        errors.MethodNotAllowed.default_hint: T("Use GET to fetch, POST or PUT to send or register."),
        errors.UnsupportedFormat.default_hint: T("Ask for .xml; a registration is .json."),
        errors.ModuleDisabled.default_hint: T("Enable the module sync at the site that was asked."),
        errors.NoSuchRecord.default_hint: T("It may have been deleted. Look at the list."),
        errors.PeerUnreachable.default_hint: T(
            "Check the network and whether the other site is running. It is tried again by itself."
        ),
        errors.TlsFailed.default_hint: T(
            "Check the date of this computer and the certificate of the other site."
        ),
        errors.PeerBusy.default_hint: T(
            "The other site has too much to do or restarts. It is tried again by itself."
        ),
        errors.PeerFailed.default_hint: T("Look at the error reports of the other site."),
        errors.PeerRefused.default_hint: T(
            "Read what the other site says, and correct the repository or the resource here."
        ),
        errors.ProtocolError.default_hint: T(
            "Check that the URL leads to an Eden site, and which version runs there."
        ),
        errors.RedirectedElsewhere.default_hint: T(
            "Enter the address that it leads to (often https, not http) as URL of the repository."
        ),
        errors.ConfigurationError.default_hint: T("Open Synchronization and correct the setting."),
        errors.AlreadyRunning.default_hint: T("Wait for the other run to end. The log shows it."),
        errors.StoreBusy.default_hint: T("Another process uses the database. It is tried again by itself."),
        errors.StoreFull.default_hint: T(
            "Free disk space at this site. Nothing of the last page was stored; it is asked for again."
        ),
        CallbackRollback.default_hint: T(
            "A rule of the data model has to be corrected: ask who maintains it."
        ),
        errors.RowRefused.default_hint: T(
            "Correct the record at the site it comes from. The other records of the page are not affected."
        ),
        errors.RunFailed.default_hint: T("The log names each resource that failed, and what to do."),
        errors.Cancelled.default_hint: T(
            "Start the synchronization again when ready. It goes on where it stopped."
        ),
    }


def reasons(T: Translate) -> dict[str, Any]:
    """Return why versions were taken or not, in the reader's language."""
    return {
        DecisionReason.UNKNOWN_DELETION: T("The record was deleted before this site knew it."),
        DecisionReason.ECHO: T("It is our own former version, which was replaced here since."),
        DecisionReason.OWNER_DELETED: T("The record that it belongs to was deleted here."),
        DecisionReason.NO_CREATE: T("This resource takes no new records."),
        DecisionReason.NO_UPDATE: T("This resource takes no changes."),
        DecisionReason.NO_DELETE: T("This resource takes no deletions."),
        DecisionReason.NO_MERGE: T("This resource joins no records."),
        DecisionReason.OTHER_TAKEN: T("Theirs was taken: that is the rule for this resource."),
        DecisionReason.THIS_KEPT: T("Ours was kept: that is the rule for this resource."),
        DecisionReason.MASTER_ELSEWHERE: T(
            "It was not made at the other site, and this resource takes only what was."
        ),
        DecisionReason.MASTER_TAKEN: T("Theirs was taken: the record was made at the other site."),
        DecisionReason.MASTER_HERE: T("Ours was kept: the record was made here."),
        DecisionReason.MASTER_NEITHER: T("Ours was kept: the record was made at neither of the two sites."),
        DecisionReason.NEWER_TAKEN: T("Theirs is newer and was taken."),
        DecisionReason.NEWER_KEPT: T("Ours is newer and was kept."),
    }
