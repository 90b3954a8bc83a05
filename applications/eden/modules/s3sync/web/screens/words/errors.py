"""Headings of errors in the reader's language."""

from __future__ import annotations

from typing import Any

from ....site.labels import Translate


def errors(T: Translate) -> dict[str, Any]:
    """Return the heading of each error (``errors.SyncError.code``)."""
    return {
        "sync_error": T("Something unexpected went wrong"),
        "document_unreadable": T("What arrived cannot be read"),
        "document_hostile": T("What arrived was refused: it holds what no exchange needs"),
        "document_truncated": T("The line was cut in the middle of an answer"),
        "document_too_large": T("What arrived is larger than this site accepts"),
        "not_s3xml": T("The other end does not answer like an Eden"),
        "bad_request": T("The request asks for something that is not there"),
        "request_incomplete": T("The request lacks something"),
        "callback_rollback": T("A rule of the data model broke the import off"),
        "unknown_resource": T("One of the sites does not have this resource"),
        "filter_invalid": T("A filter cannot be used"),
        "resource_protected": T("This resource never leaves a site"),
        "not_authenticated": T("User name or password is wrong"),
        "not_permitted": T("The account may not do this"),
        "account_foreign": T("The repository belongs to another account"),
        "not_in_scope": T("Not allowed there"),
        "not_approved": T("This site has not been approved there yet"),
        "site_revoked": T("This site was revoked there"),
        "not_invited": T("The invitation cannot be taken up"),
        "internal_error": T("The site failed"),
        "not_registered": T("The other site is not registered"),
        "method_not_allowed": T("The request is of a kind that is not answered"),
        "format_unsupported": T("The request asks for an unknown format"),
        "module_disabled": T("Synchronization is not enabled at that site"),
        "record_unknown": T("There is no such record"),
        "record_changed": T("The record was changed meanwhile"),
        "request_late": T("A request arrived too late"),
        "peer_unreachable": T("The other site cannot be reached"),
        "tls_failed": T("The certificate of the other site cannot be trusted"),
        "peer_busy": T("The other site is busy"),
        "peer_failed": T("The other site failed"),
        "peer_refused": T("The other site refused"),
        "redirected_elsewhere": T("The other site is at another address"),
        "protocol_error": T("The other site answered something unexpected"),
        "configuration": T("A setting is missing or wrong"),
        "seal_closed": T("What lies there does not open with the passphrase that is entered here"),
        "already_running": T("The repository is being synchronized already"),
        "store_busy": T("The database of this site is busy"),
        "site_busy": T("This site has enough to do at the moment"),
        "store_full": T("The disk of this site is full"),
        "kept_too_many": T("Too many versions wait for a decision"),
        "row_refused": T("The database refused a record"),
        "run_broken_off": T("The run was broken off"),
        "run_failed": T("The synchronization did not come to its end"),
        "cancelled": T("The synchronization was stopped"),
    }
