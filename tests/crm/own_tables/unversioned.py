"""A database as a release without versions left it."""

from __future__ import annotations

from crm.database import metadata
from crm.own_tables.version import VERSION_TABLE
from crm.own_tables.versions import v001_first


def without_versions() -> list[str]:
    """Return the statements that take away the version, and all that later versions than the first added."""
    first = v001_first.metadata.tables
    ours = [table for name, table in metadata.tables.items() if name.startswith("crm_")]
    return [
        f"DROP TABLE {VERSION_TABLE}",
        *(
            f"DROP INDEX {index.name}"
            for table in ours if table.name in first
            for index in table.indexes if index.name not in {known.name for known in first[table.name].indexes}
        ),
        *(f"DROP TABLE {table.name}" for table in ours if table.name not in first),
        *(
            f"ALTER TABLE {table.name} DROP COLUMN {column.name}"
            for table in ours if table.name in first
            for column in table.columns if column.name not in first[table.name].columns
        ),
    ]  # fmt: skip
