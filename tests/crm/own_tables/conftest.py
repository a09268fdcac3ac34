"""A database as releases before versions made it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask_appbuilder.models.sqla import Model

import app
from crm.database import build_engine
from crm.own_tables.versions import v001_first


@pytest.fixture
def unversioned(empty_database_url: str) -> Iterator[sa.Engine]:
    """The engine of a database with the tables of the first version, and none of its number."""
    app.wire()
    engine = build_engine(empty_database_url)
    for tables in (v001_first.metadata, Model.metadata):
        tables.create_all(engine)
    yield engine
    engine.dispose()
