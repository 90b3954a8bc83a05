"""Remedies for errors, and why a version was taken or not, in the reader's language.

A remedy is found by its code, a reason by its member of ``DecisionReason``. What is stored or comes from another site
has the reason as English text: ``reason_words`` finds its member, and returns a text of no member unchanged.
"""

from __future__ import annotations

from typing import Any, Callable

from ....core.policy import DecisionReason
from ....site.labels import Translate


def remedies(T: Translate) -> dict[str, Any]:
    """Return the remedies, by the code of the error, or by the remedy's own code."""
    return {
        "sync_error": T("Look at the log of both sites for what happened before."),
        "document_unreadable": T("Nothing was taken over. The other site has to send it correctly."),
        "document_hostile": T("Nothing was taken over. Find out who sent this."),
        "document_truncated": T("The line was probably cut. The same page is asked for again."),
        "document_too_large": T(
            "Send smaller pages, or let the receiving site accept more ([sync] max_document_mb)."
        ),
        "not_s3xml": T("Check the URL of the repository: it must be the address of an Eden site."),
        "bad_request": T("Correct the request and send it again."),
        "request_incomplete": T("Correct the request and send it again."),
        "unknown_resource": T("Choose a resource that both sites have. Its module may be disabled."),
        "filter_invalid": T(
            "Correct the filter of the resource. Until then nothing is sent, rather than everything."
        ),
        "resource_protected": T("This resource never leaves the site, whoever asks."),
        "not_authenticated": T("Check user name and password of the repository."),
        "not_permitted": T(
            "At the answering site, give the account the role Synchronization; at an Eden, the right to read "
            "and change this resource."
        ),
        "account_foreign": T(
            "Use the account that registered the site, or let an administrator of the answering site release its "
            "repository: page of the repository, Configuration."
        ),
        "not_in_scope": T(
            "The other site decides what this one may read and write there. Stop exchanging the resource in that "
            "direction, or ask its administrator for a wider scope."
        ),
        "not_approved": T(
            "Ask an administrator of the other site to approve this one, or for an invitation."
        ),
        "site_revoked": T("Ask an administrator of the other site, who can let this one back in."),
        "not_invited": T("Ask there for a new invitation."),
        "ask_for_another": T("Ask there for a new invitation."),
        "join_elsewhere": T("Take it up at the site that shall join."),
        "delete_that_first": T("Delete that repository first, if it shall be set up anew."),
        "internal_error": T("Look into the log of the web server of the site that was asked."),
        "not_registered": T(
            "The sending site has to register first: open the repository there and use 'Register'."
        ),
        "method_not_allowed": T("Use GET to fetch, POST or PUT to send or register."),
        "format_unsupported": T("Ask for .xml; a registration is .json."),
        "module_disabled": T("Enable the module sync at the site that was asked."),
        "record_unknown": T("It may have been deleted. Look at the list."),
        "record_changed": T("Read the record again, put your change into it, and send that."),
        "request_late": T("Nothing is missing: a later request had the same."),
        "peer_unreachable": T(
            "Check the network and whether the other site is running. It is tried again by itself."
        ),
        "tls_failed": T("Check the date of this computer and the certificate of the other site."),
        "peer_busy": T("The other site has too much to do or restarts. It is tried again by itself."),
        "peer_failed": T("Look at the error reports of the other site."),
        "peer_refused": T("Read what the other site says, and correct the repository or the resource here."),
        "protocol_error": T("Check that the URL leads to an Eden site, and which version runs there."),
        "redirected_elsewhere": T(
            "Enter the address that it leads to (often https, not http) as URL of the repository."
        ),
        "configuration": T("Open Synchronization and correct the setting."),
        "seal_closed": T(
            "Nothing was read and nothing was written. Enter the same passphrase at both sites, or none at both. If it "
            "was changed: take away what lies on the stick, on the page of memory sticks, or at a server the folders "
            "of the two sites; it is written again."
        ),
        "already_running": T("Wait for the other run to end. The log shows it."),
        "store_busy": T("Another process uses the database. It is tried again by itself."),
        "site_busy": T("Try again in some seconds. A run tries again by itself."),
        "store_full": T(
            "Free disk space at this site. Nothing of the last page was stored; it is asked for again."
        ),
        "kept_too_many": T(
            "Decide on them at this site, under Conflicts, many at once where they are alike. Then the last page comes "
            "again."
        ),
        "callback_rollback": T("A rule of the data model has to be corrected: ask who maintains it."),
        "row_refused": T(
            "Correct the record at the site it comes from. The other records of the page are not affected."
        ),
        "run_broken_off": T("Nothing is lost. The next run goes on where it stopped."),
        "run_failed": T("The log names each resource that failed, and what to do."),
        "cancelled": T("Start the synchronization again when ready. It goes on where it stopped."),
        "set_clocks": T(
            "Set both clocks by the network (NTP): which version of a record is newer is decided by them."
        ),
        "report_defect": T("This is a defect. The log of the worker has the trace: please report it."),
        "compare_certificate": T(
            "Ask the people there whether they have a new certificate. If so, enter its fingerprint in the "
            "configuration of the repository, as they tell it; if not, somebody is in between."
        ),
        "check_mail_server": T(
            "Check the mail server ([mail] in private/appconfig.ini) by a test mail on the page Settings."
        ),
        "check_proxy": T("Check the proxy of the repository or of the site. It is tried again by itself."),
        "check_url_and_module": T(
            "Check the URL of the repository, and whether synchronization is enabled at the other site."
        ),
        "resource_probably_missing": T(
            "The other site gave no reason. Probably it does not have this resource: enable its module there, "
            "or remove the resource from the repository."
        ),
        "let_back_in": T("Let the site back in, on the page Scope of its repository."),
        "add_resources": T("Open the tab Resources of the repository and add what is to be exchanged."),
    }


def reasons(T: Translate) -> dict[DecisionReason, Any]:
    """Return reason -> why a version was taken or not, in the reader's language."""
    return {
        DecisionReason.UNKNOWN_DELETION: T("The record was deleted before this site knew it."),
        DecisionReason.ECHO: T("It is our own former version, which was replaced here since."),
        DecisionReason.OWNER_DELETED: T("The record that it belongs to was deleted here."),
        DecisionReason.TAKEN_ALONG: T(
            "It changed here, unknown to the site that deleted what it belongs to, and was deleted with it."
        ),
        DecisionReason.TOOK_ALONG: T(
            "What belongs to it changed here, unknown to the site that deleted it, and was deleted with it."
        ),
        DecisionReason.ONLY_ONE: T(
            "What they belong to was joined, and there can be one of them. That of the record that stayed was kept."
        ),
        DecisionReason.NO_CREATE: T("This resource takes no new records."),
        DecisionReason.NO_UPDATE: T("This resource takes no changes."),
        DecisionReason.NO_DELETE: T("This resource takes no deletions."),
        DecisionReason.NO_MERGE: T("This resource joins no records."),
        DecisionReason.OUT_OF_SCOPE: T(
            "Not allowed: it lies outside of what the sending site may write here."
        ),
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


def reason_words(T: Translate) -> Callable[[str | None], Any]:
    """Return the function that puts a stored or received reason into the reader's language.

    It takes the English text, and returns a text of no member unchanged, "" for None.
    """
    known = reasons(T)

    def words(text: str | None) -> Any:
        reason = DecisionReason.of(text)
        return text or "" if reason is None else known[reason]

    return words
