"""Runs inside an Eden that uses what is ours: opens the passwords of its repositories, as Eden keeps them."""

import importlib
import json
import os
from pathlib import Path

_package = f"applications.{request.application}.modules.s3sync"
_passwords = importlib.import_module(f"{_package}.administration.passwords")
_vault = importlib.import_module(f"{_package}.site.vault")

if current.__dict__.get("sync_site") is None:
    s3db.table("sync_repository")
opened, unopened = _passwords.unseal(db, _vault.Vault(Path(request.folder) / "private"))
db.commit()
with open(os.environ["EDEN_SYNC_RESULT"], "w", encoding="utf-8") as output:
    json.dump({"opened": opened, "unopened": unopened}, output)
