"""Tables of notices to people: the rules, what holds by them, and the messages that were made of that."""

from __future__ import annotations

from typing import Any

from pydal import Field

from ...core.clock import Clock
from .fields import declare, meta_fields


def define_notices(db: Any, clock: Clock) -> None:
    declare(
        db,
        "sync_notice_rule",
        lambda: [
            # What it looks at, and from which figure on (see monitoring.notices.rules).
            Field("kind", length=16, notnull=True),
            Field("threshold", "double", notnull=True),
            # The only repository that it is about; None for all of them.
            Field("repository_id", "integer"),
            # Hours after which it is told again while it lasts; 0 for never.
            Field("remind_hours", "integer", notnull=True, default=24),
            Field("is_on", "boolean", default=True),
            Field("mail_to", length=1024),
            Field("webhook", length=1024),
            # The key that signs what is sent to the webhook, encrypted by the vault.
            Field("webhook_key", "password", length=1024, requires=None),
            *meta_fields(db, clock),
        ],
    )
    declare(
        db,
        "sync_notice",
        lambda: [
            Field("rule_id", "integer", notnull=True),
            # 0 for this site.
            Field("repository_id", "integer", notnull=True),
            Field("since", "datetime", notnull=True),
            Field("told_on", "datetime", notnull=True),
        ],
    )
    declare(
        db,
        "sync_notice_message",
        lambda: [
            Field("rule_id", "integer", notnull=True),
            Field("repository_id", "integer", notnull=True),
            # mail, webhook
            Field("channel", length=16, notnull=True),
            # raised, reminded, over
            Field("step", length=16, notnull=True),
            Field("figure", "double"),
            Field("since", "datetime", notnull=True),
            Field("made_on", "datetime", notnull=True),
            # waiting, sent, overtaken (by a later one), given_up
            Field("state", length=16, notnull=True),
            Field("attempts", "integer", notnull=True, default=0),
            Field("next_try", "datetime"),
            Field("sent_on", "datetime"),
            # What went wrong the last time (messages.FailureRecord).
            Field("problem", "json"),
        ],
    )
