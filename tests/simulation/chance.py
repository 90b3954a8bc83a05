"""Lets everything that is drawn by chance come from a seed: the same history is the same once more."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def from_seed(seed: object) -> Iterator[None]:
    """Let what is drawn follow from a seed: identities of journals, tokens of cursors, numbers of requests.

    They stand in documents, so the size of these, and what goes in how many parts, depend on them as well.

    Args:
        seed: anything that has a text.
    """
    drawn, before = random.Random(str(seed)), os.urandom
    os.urandom = drawn.randbytes
    try:
        yield
    finally:
        os.urandom = before
