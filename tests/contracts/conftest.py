"""Lets assertions in the contract classes explain themselves, as those in test files do."""

import pytest

for name in ("host", "journal", "ledger", "store"):
    pytest.register_assert_rewrite(f"tests.contracts.{name}_contract")
