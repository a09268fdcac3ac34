"""Fixtures of the tests of imports."""

from __future__ import annotations

import pytest

from tests.crm.imports.bench import Workshop, shop_in


@pytest.fixture
def workshop(engine, session_as, tmp_path) -> Workshop:
    """Imports files into this test's database."""
    return Workshop(shop_in(engine, tmp_path / "files"), session_as)
