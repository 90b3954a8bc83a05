"""Ports in memory, for tests of use cases that are not about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from s3sync.ports import Deferred, Kept


class MemoryLedger:
    """A ports.Ledger that forgets with the process."""

    def __init__(self) -> None:
        self.waiting: dict[tuple[str, int, str, int | None, str], Deferred] = {}
        self.kept: list[Kept] = []

    def defer(self, items: Sequence[Deferred]) -> None:
        for item in items:
            for key in [
                key for key in self.waiting if key[:4] == (item.table, item.key, item.field, item.place)
            ]:
                del self.waiting[key]
            self.waiting[(item.table, item.key, item.field, item.place, item.uuid)] = item

    def deferred_for(self, targets: Mapping[str, Collection[str]]) -> list[Deferred]:
        return [each for each in self.waiting.values() if each.uuid in targets.get(each.target, ())]

    def deferred_of(self, table: str, keys: Collection[int]) -> list[Deferred]:
        return [each for each in self.waiting.values() if each.table == table and each.key in keys]

    def settle(self, items: Sequence[Deferred]) -> None:
        for item in items:
            self.waiting.pop((item.table, item.key, item.field, item.place, item.uuid), None)

    def waiting_files(self, repository_id: int, limit: int) -> list[Deferred]:
        return [e for e in self.waiting.values() if not e.target and e.repository_id == repository_id][:limit]

    def keep(self, items: Sequence[Kept]) -> None:
        for item in items:
            same = (item.kind, item.repository_id, item.table, item.uuid)
            self.kept = [k for k in self.kept if (k.kind, k.repository_id, k.table, k.uuid) != same]
            self.kept.append(item)

    def known(self, repository_id: int | None, table: str, uuids: Collection[str]) -> dict[str, Kept]:
        return {
            each.uuid: each
            for each in self.kept
            if each.uuid in uuids and each.table == table and each.repository_id == repository_id
        }

    def our_versions(
        self, repository_id: int | None, table: str, uuids: Collection[str]
    ) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for each in self.kept:
            mine = each.kind == "conflict" and each.table == table and each.repository_id == repository_id
            if mine and each.uuid in uuids and each.uuid is not None and each.ours is not None:
                found.setdefault(each.uuid, []).append(each.ours)
        return found

    def release(
        self, repository_id: int | None, table: str, uuids: Collection[str], kinds: Sequence[str]
    ) -> None:
        self.kept = [
            each
            for each in self.kept
            if not (
                each.table == table
                and each.uuid in uuids
                and each.kind in kinds
                and each.repository_id == repository_id
            )
        ]

    def retriable(self, repository_id: int | None, table: str, limit: int) -> list[Kept]:
        return []


class MemoryAccounts:
    """A ports.Accounts with given users and roles."""

    def __init__(self, users: dict[str, int] | None = None, groups: dict[str, int] | None = None) -> None:
        self._users = users or {}
        self._groups = groups or {}

    def users(self, emails: Collection[str]) -> dict[str, int]:
        return {email: key for email, key in self._users.items() if email in emails}

    def emails(self, user_ids: Collection[int]) -> dict[int, str]:
        return {key: email for email, key in self._users.items() if key in user_ids}

    def groups(self, roles: Collection[str]) -> dict[str, int]:
        return {role: key for role, key in self._groups.items() if role in roles}

    def roles(self, group_ids: Collection[int]) -> dict[int, str]:
        return {key: role for role, key in self._groups.items() if key in group_ids}


class MemoryFiles:
    """A ports.Files with a set of names."""

    def __init__(self) -> None:
        self.names: "set[str]" = set()

    def has(self, table: str, field: str, stored: str) -> bool:
        return stored in self.names

    def path(self, table: str, field: str, stored: str) -> Path:
        return Path(stored)

    def url(self, table: str, field: str, stored: str) -> str:
        return f"http://127.0.0.1/eden/default/download/{stored}"
