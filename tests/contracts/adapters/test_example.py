"""The example of docs/ADAPTERS.md is a type, and its tests pass."""

from __future__ import annotations

import re
import sys
from types import ModuleType

from s3sync import adapters as adapters
from tests.support.places import CHECKOUT

_EXAMPLE, _TESTS = re.findall(
    r"^```python\n(.*?)^```", (CHECKOUT / "docs" / "ADAPTERS.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
)


def _module(name: str, code: str) -> ModuleType:
    module = ModuleType(name)
    module.__package__ = name.rpartition(".")[0]
    sys.modules[name] = module
    exec(compile(code, "docs/ADAPTERS.md", "exec"), module.__dict__)
    return module


_feed = _module(f"{adapters.__name__}.feed", _EXAMPLE)
TestFeed = _module("tests.contracts.adapter_example", _TESTS).TestFeed


def test_the_example_is_small() -> None:
    assert len(_EXAMPLE.splitlines()) < 70 and _feed.FeedAdapter.apitype == "feed"
