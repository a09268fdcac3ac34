"""The data that is handed to the project from outside and read where it lies: beside the checkout, or above it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve()
PLACES = [folder / "shared" / "data" for folder in HERE.parents[2:]]
SHARED = next((place for place in PLACES if place.is_dir()), PLACES[0])


CASES = SHARED / "locale_cases.json"
WHY = "the shared data is not here"

needs_shared_data = pytest.mark.skipif(not CASES.exists(), reason=WHY)
"""Marks a test that asks the shared data for more than its parameters."""


class Absent(dict):
    """Data that is not here: whatever is looked up in it is as empty, so that a module has the rest of its tests."""

    def __missing__(self, _key: object) -> Absent:
        return Absent()


def locale_cases(group: str) -> Any:
    """Return one group of `locale_cases.json`.

    Where the data is not, tests that take their parameters from it are skipped, and so is a test that asks for it
    while it runs; the others of its module run.
    """
    if CASES.exists():
        return json.loads(CASES.read_text(encoding="utf-8"))[group]
    if "PYTEST_CURRENT_TEST" in os.environ:
        pytest.skip(WHY)
    return Absent()
