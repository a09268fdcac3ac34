"""Every table of our own, and what the database must be taught once."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from crm import events as _events  # noqa: F401
from crm import notifications as _notifications  # noqa: F401
from crm.conditions import install as install_functions
from crm.database import metadata
from crm.revisions.column_moves import install as install_moves


def own_tables() -> list[sa.Table]:
    """Return our tables, having loaded every store that declares one."""
    from crm.drafts import publications as _later  # noqa: F401
    from crm.drafts import store as _drafts  # noqa: F401
    from crm.imports import store as _imports  # noqa: F401
    from crm.permissions import store as _people  # noqa: F401
    from crm.records import file_rows as _files  # noqa: F401
    from crm.records import journal as _journal  # noqa: F401
    from crm.records import rekey as _rekey  # noqa: F401
    from crm.records import sequences as _sequences  # noqa: F401
    from crm.revisions import column_moves as _moves  # noqa: F401
    from crm.revisions import finish as _finish  # noqa: F401
    from crm.revisions import packs as _packs  # noqa: F401
    from crm.revisions import parked as _parked  # noqa: F401
    from crm.revisions import processes as _processes  # noqa: F401
    from crm.revisions import store as _revisions  # noqa: F401
    from crm.web.entity import saved_views as _views  # noqa: F401
    from crm.web.forms import once as _once  # noqa: F401

    return list(metadata.sorted_tables)


INSTALL: tuple[Callable[[sa.Engine], None], ...] = (install_functions, install_moves)
"""What an empty database is taught besides tables: the functions that compiled conditions call."""
