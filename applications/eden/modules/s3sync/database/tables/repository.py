"""Tables of this site's configuration and its repositories."""

from __future__ import annotations

from typing import Any, Callable

from pydal import Field
from pydal.validators import IS_EMPTY_OR, IS_LENGTH, IS_NOT_EMPTY, IS_URL

from ...core.clock import Clock
from .fields import declare, meta_fields


def define_repository(db: Any, T: Callable[[str], Any], clock: Clock) -> None:
    def show_identifier(table: Any) -> None:
        table.uuid.readable = table.uuid.writable = True
        table.uuid.label = T("Repository UUID")

    declare(
        db,
        "sync_config",
        lambda: [
            Field("proxy", label=T("Proxy Server URL"), requires=IS_EMPTY_OR(IS_URL(mode="generic"))),
            # Settings that override the site's file, NULL if they do not (see administration.preferences).
            Field("public_url"),
            Field("page_size", "integer"),
            Field("max_document_mb", "double"),
            Field("max_upload_mb", "double"),
            Field("connect_timeout", "double"),
            Field("read_timeout", "double"),
            Field("retries", "integer"),
            Field("log_days", "integer"),
            Field("notify_to", length=1024),
            Field("notify_after", "integer"),
            *meta_fields(db, clock),
        ],
    )
    declare(
        db,
        "sync_status",
        lambda: [
            Field("running", "boolean", default=False),
            Field("manual", "boolean", default=False),
            Field("timestmp", "datetime"),
        ],
    )
    declare(
        db,
        "sync_repository",
        lambda: [
            Field("name", length=64, notnull=True, label=T("Name"), requires=[IS_NOT_EMPTY(), IS_LENGTH(64)]),
            Field("apitype", default="eden", label=T("Repository Type")),
            Field("backend", default="eden", label=T("Data Format")),
            Field("url", label=T("URL"), requires=IS_EMPTY_OR(IS_URL(mode="generic"))),
            Field("path", label=T("Path")),
            Field("username", label=T("Username")),
            # The vault's ciphertexts are longer than their plain texts.
            Field("password", "password", length=1024, label=T("Password"), requires=None),
            Field("client_id", label=T("Client ID")),
            Field("client_secret", "password", length=1024, label=T("Client Secret"), requires=None),
            Field("site_key", length=1024, label=T("Site Key")),
            Field("refresh_token", length=1024, readable=False, writable=False),
            Field("proxy", label=T("Proxy Server URL"), requires=IS_EMPTY_OR(IS_URL(mode="generic"))),
            Field("last_status", readable=False, writable=False, label=T("Last status")),
            Field("synchronise_uuids", "boolean", default=False, label=T("Synchronize UUIDs")),
            Field("keep_source", "boolean", default=False, label=T("Keep Repository Source Files")),
            Field("last_refresh", "datetime", readable=False, writable=False, label=T("Last Refresh")),
            Field("last_connected", "datetime", readable=False, writable=False, label=T("Last Connected")),
            Field("settings", "json", readable=False, writable=False),
            Field("capabilities", "list:string", readable=False, writable=False),
            Field("peer_journal", length=64, readable=False, writable=False),
            Field("peer_version", length=64, readable=False, writable=False),
            # The user as whom the other site logs in here (see passive.contact); None until it has done so.
            Field("account_id", "integer", readable=False, writable=False),
            # "revoked" for one that may do nothing here any more; None for one that may.
            Field("approval", length=16, readable=False, writable=False),
            # What it may read and write here; None for everything.
            Field("scope_id", "integer", readable=False, writable=False),
            # When a mail reported that it keeps failing; None after it has worked again (see monitoring.failure_mail).
            Field("notified_on", "datetime", readable=False, writable=False),
            *meta_fields(db, clock),
        ],
        format="%(name)s",
        on_define=show_identifier,
    )
    declare(
        db,
        "sync_scope",
        lambda: [
            Field("name", length=64, notnull=True, label=T("Name"), requires=[IS_NOT_EMPTY(), IS_LENGTH(64)]),
            # A list with an object for each resource (see exchange.scope.ScopeRule).
            Field("rules", "json"),
            # What is prescribed to sites that have it (see site.scoping.scopes.Prescribes); None for nothing.
            Field("prescribes", "json"),
            *meta_fields(db, clock),
        ],
        format="%(name)s",
    )
    declare(
        db,
        "sync_invitation",
        lambda: [
            Field("name", length=64, notnull=True),
            # SHA-256 of the key, which is shown once and not stored.
            Field("key_digest", length=64, notnull=True),
            Field("scope_id", "integer", notnull=True),
            Field("expires_on", "datetime", notnull=True),
            # When a site took it up, and which; None until then.
            Field("used_on", "datetime"),
            Field("repository_id", "integer"),
            *meta_fields(db, clock),
        ],
    )
    declare(
        db,
        "sync_dataset",
        lambda: [
            Field("repository_id", "reference sync_repository", ondelete="CASCADE"),
            Field("code", length=64, notnull=True, label=T("Code"), requires=[IS_NOT_EMPTY(), IS_LENGTH(64)]),
            Field("name", label=T("Name")),
            Field("archive_url", label=T("Archive URL")),
            Field("use_archive", "boolean", default=False, label=T("Use Archive")),
            # Whether anybody may download it, without an account.
            Field("archive_public", "boolean", default=False, readable=False, writable=False),
            # Whether it also has what belongs to the records, such as the contacts of a person.
            Field("archive_components", "boolean", default=False, readable=False, writable=False),
            Field("comments", "text", label=T("Comments")),
            *meta_fields(db, clock),
        ],
        format="%(code)s",
    )
    declare(
        db,
        "sync_dataset_archive",
        lambda: [
            Field("dataset_id", "reference sync_dataset", ondelete="CASCADE"),
            Field("date", "datetime", default=clock.now),
            Field("archive", "upload", autodelete=True),
            # The same for people: a document for each resource, by the name of its table.
            Field("by_resource", "upload", autodelete=True),
            Field("task_id", "integer"),
            *meta_fields(db, clock),
        ],
    )
