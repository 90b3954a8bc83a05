"""The data models of real Edens by their facts: names, kinds and joins, of ``./eden-sync doctor --facts``."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gluon import DAL, Field

from tests.support.eden_names import EdenModel

FOLDER = Path(__file__).parent / "real_models"
#: File -> Eden, with all modules enabled: nursix/eden-asp 894a262 and sahana/eden e1cbdd6.
MODELS = {"eden-asp": "asp.json.gz", "classic": "classic.json.gz"}


def facts(name: str) -> dict[str, Any]:
    """Return the facts of an Eden, one of MODELS."""
    found: dict[str, Any] = json.loads(gzip.decompress((FOLDER / MODELS[name]).read_bytes()))
    return found


def _nothing(form: Any) -> None:
    """A callback of which only is known that there is one."""


class FactsModel(EdenModel):
    """``current.s3db`` of a real Eden, as far as its facts tell.

    Args:
        db: a DAL without tables.
        tables: the facts of its tables.
    """

    def __init__(self, db: DAL, tables: dict[str, Any]) -> None:
        super().__init__(db)
        self.loads = 0
        for name, told in tables.items():
            if not name.startswith("sync_"):
                db.define_table(name, *map(_field, told["fields"]), migrate=False)
        for name, told in tables.items():
            self._configure(name, told)
            hooks = {alias: _hook(alias, each) for alias, each in told["components"].items()}
            self._components[name] = {key: each for key, each in hooks.items() if each.tablename in db.tables}

    def _configure(self, name: str, told: dict[str, Any]) -> None:
        rule = told["deduplicate"]
        if isinstance(rule, dict):
            # An Eden keeps them in sets.
            rule = SimpleNamespace(primary=set(rule["primary"]), secondary=set(rule["secondary"]))
        self.configure(
            name,
            super_entity=told["super_entity"] or None,
            deduplicate=_nothing if rule == "function" else rule,
            **dict.fromkeys(told["callbacks"], _nothing),
        )

    def create(self) -> None:
        """Make the tables in the database, without types and constraints."""
        for name in self._db.tables:
            columns = [
                f'"{each}" INTEGER PRIMARY KEY AUTOINCREMENT'
                if each == self._db[name]._id.name
                else f'"{each}"'
                for each in self._db[name].fields
            ]
            self._db.executesql(f'CREATE TABLE "{name}" ({", ".join(columns)})')

    def load_all_models(self) -> None:
        self.loads += 1


def _field(told: list[Any]) -> Field:
    name, kind, length, notnull, unique, ondelete, has_default, _ = told
    options: dict[str, Any] = {"default": ""} if has_default else {}
    return Field(
        name,
        kind,
        length=length,
        notnull=notnull,
        unique=unique,
        ondelete=ondelete or "CASCADE",
        requires=None,
        **options,
    )


def _hook(alias: str, told: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(alias=alias, link=None, **told)
