"""What is marked with one `xdist_group` runs in one process: much of it is graded once there, for all of the group."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest


@pytest.mark.xdist_group("kept together")
@pytest.mark.parametrize("number", range(6))
def test_a_group_stays_in_one_process(number: int) -> None:
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:
        pytest.skip("all tests of this run are in one process")
    seen = Path(tempfile.gettempdir(), f"group-{run}")
    with seen.open("a+") as file:
        file.write(f"{os.getpid()}\n")
        file.seek(0)
        assert {*file.read().split()} == {f"{os.getpid()}"}
    if number == 5:
        seen.unlink()
