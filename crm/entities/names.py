"""Names that are taken: what every record has, and what the pages need for themselves."""

from __future__ import annotations

SYSTEM_FIELDS = {
    "id": "integer",
    "created_at": "datetime",
    "created_by": "user",
    "updated_at": "datetime",
    "updated_by": "user",
}
"""What every record has besides its declared fields: name to field type."""

RESERVED_FIELDS = frozenset(SYSTEM_FIELDS) | {
    "row_version",
    "search_key",
    "created_by_id",
    "updated_by_id",
    "metadata",
    "registry",
    "me",
    "my_team",
}

RESERVED_ENTITIES = frozenset(
    [
        "admin",
        "api",
        "dashboard",
        "export",
        "files",
        "health",
        "hooks",
        "import",
        "imports",
        "lang",
        "login",
        "logout",
        "lookup",
        "notifications",
        "pop",
        "profile",
        "register",
        "reports",
        "roles",
        "search",
        "segments",
        "static",
        "schema",
        "timeline",
        "user",
        "userinfoeditview",
        "users",
        "views",
    ]
)
"""First parts of addresses that are pages of our own."""

RESERVED_PREFIXES = ("crm_", "ab_", "sqlite_", "pg_")
