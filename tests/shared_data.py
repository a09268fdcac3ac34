"""The data that is handed to the project from outside and read where it lies: beside the checkout, or above it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve()
PLACES = [folder / "shared" / "data" for folder in HERE.parents[2:]]
SHARED = next((place for place in PLACES if place.is_dir()), PLACES[0])


def locale_cases(group: str) -> Any:
    """Return one group of `locale_cases.json`; a module that needs it is skipped where the data is not."""
    path = SHARED / "locale_cases.json"
    if not path.exists():
        pytest.skip("the shared data is not here", allow_module_level=True)
    return json.loads(path.read_text(encoding="utf-8"))[group]
