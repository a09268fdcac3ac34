"""Names that are taken: what every record has, and what the pages need for themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from crm.entities.model import Document
from crm.errors import Problem

LONGEST_IDENTIFIER = 63  # characters PostgreSQL keeps of a name

SYSTEM_FIELDS = {
    "id": "integer",
    "created_at": "datetime",
    "created_by": "user",
    "updated_at": "datetime",
    "updated_by": "user",
}
"""What every record has besides its declared fields: name to field type."""

RESERVED_FIELDS = frozenset(SYSTEM_FIELDS) | {
    "csrf_token",  # the control every form has beside those of its fields; all others of ours begin with "_"
    "row_version",
    "search_key",
    "created_by_id",
    "updated_by_id",
    "metadata",
    "registry",
    "me",
    "my_team",
}

RESERVED_ENTITIES = frozenset(["approvals", "bin", "calendar", "hooks", "segments", "user"])
"""Names of pages to come, and of what every record has; what the app needs today is found by `TAKEN`."""

RESERVED_PREFIXES = ("crm_", "ab_", "sqlite_", "pg_")

TAKEN: list[Callable[[str], bool]] = []
"""Who says whether an entity's name is taken by a page; filled by `app.py`."""


def taken_names(documents: Iterable[Document]) -> list[Problem]:
    """Return a problem for every entity whose name is taken by a page of the app.

    Only for documents that are to go live: what is live may have a name that a later release needs for itself.
    """
    return [
        Problem("schema.reserved_name", {"name": document.name}).at(**document.place(document.kind))
        for document in documents
        if document.kind == "entity" and any(is_taken(document.name) for is_taken in TAKEN)
    ]


def object_name(kind: str, table: str, column: str = "", tail: str = "") -> str:
    """Return the name of an index or a foreign key: one that no other table and column share, and not too long.

    >>> object_name("ix", "deal", "owner_id")
    'ix_deal_owner_id'
    >>> object_name("ix", "spare_part", "owner_id")
    'ix_spare_part.owner_id'
    """
    separator = "." if "_" in table else "_"  # spare.part_a and spare_part.a are two
    name = f"{kind}_{table}{separator}{column}{tail}" if column else f"{kind}_{table}"
    if len(name) <= LONGEST_IDENTIFIER:
        return name
    return f"{name[:54]}_{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:8]}"
