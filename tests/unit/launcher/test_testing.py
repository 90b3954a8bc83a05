"""How ./test shares the tests out."""

from __future__ import annotations

import pytest

from launcher.testing import side_by_side


@pytest.mark.parametrize(("cores", "processes"), [(2, 3), (3, 4), (4, 4), (64, 4)])
def test_files_of_tests_are_shared_out_among_one_process_more_than_there_are_cores(
    cores: int, processes: int
) -> None:
    assert side_by_side(cores) == ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]


def test_one_core_gets_no_second_process() -> None:
    assert side_by_side(1) == []
