"""The errors that a receiver found, as S3JSON for the sender: the ``tree`` of a push reply.

The form, as in Eden: ``{"$_<table>": [{"@uuid": ..., "@error": ..., "<field>": {"@value": ...,
"@error": "<field>: <message>"}, "$k_<foreign key>": {"@error": ...}, "$_<component table>": [...]}]}``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from ...core.records import Action, Outcome

#: Nesting of an answer that is looked at.
_DEEPEST = 50
_DEFAULT_MESSAGE = "Validation error"


def error_tree(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return the tree of the rejected records; empty if there are none.

    Args:
        outcomes: outcomes of all records; only rejected ones are used.
    """
    tree: dict[str, Any] = {}
    for outcome in outcomes:
        if outcome.action is not Action.REJECTED:
            continue
        item: dict[str, Any] = {}
        if outcome.uuid is not None:
            item["@uuid"] = outcome.uuid
        item["@error"] = outcome.reason or _DEFAULT_MESSAGE
        for name, error in outcome.errors.items():
            item[name] = {"@value": error.value, "@error": f"{name}: {error.message}"}
        tree.setdefault(f"$_{outcome.table}", []).append(item)
    return tree


def rejected_uuids(tree: Any) -> dict[str, str]:
    """Return uuid -> message of the top-level records in the tree of a push reply.

    Args:
        tree: the tree that the peer sent; parts in any other form are skipped.
    """
    found: dict[str, str] = {}
    for item in _items(tree):
        uuid = item.get("@uuid")
        if isinstance(uuid, str) and uuid:
            messages = list(dict.fromkeys(_messages(item)))
            # The general message adds nothing to the specific ones.
            particular = [each for each in messages if each != _DEFAULT_MESSAGE]
            found[uuid] = "; ".join(particular or messages) or _DEFAULT_MESSAGE
    return found


def _items(tree: Any) -> Iterable[dict[str, Any]]:
    if isinstance(tree, dict):
        for key, items in tree.items():
            if key.startswith("$_"):
                for item in items if isinstance(items, list) else [items]:
                    if isinstance(item, dict):
                        yield item


def _messages(item: dict[str, Any]) -> list[str]:
    """Return all messages of an item and of its nested items, its own first."""
    messages: list[str] = []
    waiting: deque[tuple[Any, int]] = deque([(item, 0)])
    while waiting:
        node, depth = waiting.popleft()
        if isinstance(node, dict):
            error = node.get("@error")
            if isinstance(error, str) and error:
                messages.append(error)
            if depth < _DEEPEST:
                waiting.extend((each, depth + 1) for each in node.values() if isinstance(each, (dict, list)))
        elif isinstance(node, list):
            if depth < _DEEPEST:
                waiting.extend((each, depth + 1) for each in node)
    return messages
