"""Lets assertions in the contract classes explain themselves, as those in test files do."""

import pytest

for name in (
    "journal",
    "journal_hooks",
    "journal_identity",
    "ledger",
    "scan",
    "store",
    "transaction",
):
    pytest.register_assert_rewrite(f"tests.contracts.{name}_contract")
