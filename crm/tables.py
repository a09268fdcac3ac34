"""Every table of our own, and what the database must be taught once."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from crm import events
from crm.database import metadata


def own_tables() -> list[sa.Table]:
    """Return our tables, having loaded every store that declares one."""
    from crm.entities import processes as _processes  # noqa: F401
    from crm.entities import store as _revisions  # noqa: F401
    from crm.imports import store as _imports  # noqa: F401
    from crm.permissions import store as _people  # noqa: F401
    from crm.records import journal as _journal  # noqa: F401

    _ = events
    return list(metadata.sorted_tables)


INSTALL: list[Callable[[sa.Engine], None]] = []
"""What is set up in an empty database besides tables (functions); filled by `app.py`."""
