"""Lets assertions in the contract classes explain themselves, as those in test files do."""

import pytest

from tests.support.places import CHECKOUT

for path in (CHECKOUT / "tests" / "contracts").rglob("*_contract.py"):
    pytest.register_assert_rewrite(".".join(path.relative_to(CHECKOUT).with_suffix("").parts))
