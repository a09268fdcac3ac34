"""Frozen entities to mapped classes, in a registry of their own so that a whole revision can go away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import column_property, foreign, registry, relationship, remote

from crm.database import NAMING, BigId
from crm.entities.model import Entity, Schema
from crm.entities.taken_names import object_name
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.encrypted import Encrypted, index_of
from crm.revisions.calendar import calendar_indexes

USER_COLUMNS = ("id", "username", "first_name", "last_name")


class UserRef:
    """A user as records see one: enough to show a name, nothing to reach a password by. Read only."""

    id: int
    username: str
    first_name: str
    last_name: str

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.username


class Record:
    """The base of every mapped entity class.

    Shape:  `__entity__` is the declaration; attributes are named in `docs/design.md`, Mapped classes.
    """

    __entity__: Entity
    id: int
    row_version: int
    search_key: str | None


class Models(Mapping[str, type[Record]]):
    """The mapped classes of one revision, by entity name."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.registry = registry(metadata=sa.MetaData(naming_convention=NAMING))
        self.user = type("UserRef", (UserRef,), {})
        self._map_users()
        self._classes = {name: self._map(entity) for name, entity in schema.entities.items()}
        self._relate()
        self.registry.configure()

    def __getitem__(self, name: str) -> type[Record]:
        return self._classes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)

    def table(self, name: str) -> sa.Table:
        """Return the table of an entity."""
        return self._classes[name].__table__

    def dispose(self) -> None:
        """Let go of the mappers, when no request of this revision is left."""
        self.registry.dispose()

    def _map_users(self) -> None:
        columns = [sa.Column(name, sa.String(64)) for name in USER_COLUMNS[1:]]
        table = sa.Table(
            "ab_user", self.registry.metadata, sa.Column("id", sa.Integer, primary_key=True), *columns
        )
        self.registry.map_imperatively(self.user, table)

    def _map(self, entity: Entity) -> type[Record]:
        columns = dict(field_columns(entity))
        parts = (*system_columns(), *columns.values())
        # No number comes twice: history, files and lists of references would take the new record for the old one.
        table = sa.Table(entity.table, self.registry.metadata, *parts, sqlite_autoincrement=True)
        indexes(entity, table)
        name = "_".join(
            part.capitalize() for part in entity.name.split("_")
        )  # one of its own, whatever the name
        cls = type(name, (Record,), {"__entity__": entity, "__table__": table})
        properties = {name: column_property(column, active_history=True) for name, column in columns.items()}
        self.registry.map_imperatively(cls, table, properties=properties, version_id_col=table.c.row_version)
        return cls

    def _relate(self) -> None:
        for entity in self.schema.entities.values():
            cls = self._classes[entity.name]
            for field in entity.fields.values():
                if points := FIELD_TYPES[field.type].links:
                    target = self.user if points == "user" else self._classes.get(field.options["to"])
                    if target is not None:
                        self._point(cls, field.name, FIELD_TYPES[field.type].attribute(field), target)
            for name in ("created_by", "updated_by"):
                self._point(cls, name, f"{name}_id", self.user)
            for inverse in entity.inverses.values():
                self._gather(cls, inverse.name, self._classes[inverse.entity], f"{inverse.field}_id")

    @staticmethod
    def _point(cls: type, name: str, attribute: str, target: type) -> None:
        column = getattr(cls, attribute)
        join = foreign(column) == remote(target.id)
        cls.__mapper__.add_property(
            name, relationship(target, primaryjoin=join, viewonly=True, uselist=False, sync_backref=False)
        )

    @staticmethod
    def _gather(cls: type, name: str, child: type, attribute: str) -> None:
        join = cls.id == foreign(getattr(child, attribute))
        cls.__mapper__.add_property(
            name, relationship(child, primaryjoin=join, viewonly=True, uselist=True, sync_backref=False)
        )


def system_columns() -> list[sa.Column]:
    """Return the columns every record has."""
    return [
        sa.Column("id", BigId, primary_key=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer()),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer()),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("search_key", sa.Text()),
    ]


def field_columns(entity: Entity) -> Iterator[tuple[str, sa.Column]]:
    """Yield the mapped attribute and the column of every stored field."""
    for field in entity.fields.values():
        field_type = FIELD_TYPES[field.type]
        if field_type.stored:
            yield (
                field_type.attribute(field),
                sa.Column(field.column, stored_column_type(field, entity.table)),
            )


def stored_column_type(field: Field, table: str) -> sa.types.TypeEngine:
    """Return the SQL type of a field's column in a table: its type's own, or sealed."""
    plain = FIELD_TYPES[field.type].column_type(field)
    return Encrypted(plain, f"{table}.{field.column}") if field.encrypted else plain


def indexes(entity: Entity, table: sa.Table) -> list[sa.Index]:
    """Return the indexes an entity asks for: unique fields, indexed ones, references and users, its calendar."""
    found = []
    for field in entity.fields.values():
        if not FIELD_TYPES[field.type].stored or not (field.unique or is_indexed(field)):
            continue
        kind = "uq" if field.unique else "ix"
        name, column = object_name(kind, entity.table, field.column), table.c[field.column]
        found.append(sa.Index(name, index_of(column) if field.encrypted else column, unique=field.unique))
    return [*found, *calendar_indexes(entity, table)]


def is_indexed(field: Field) -> bool:
    """Return whether a field gets an index: asked for, or needed to find children and my own records."""
    return field.index or bool(FIELD_TYPES[field.type].links)
