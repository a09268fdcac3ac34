"""What a new revision adds to the database, in the publish transaction: all of it, or a sentence why not."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from crm.entities.identity import Identities
from crm.entities.model import Entity
from crm.errors import Problem, SchemaError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.encrypted import Encrypted, index_of
from crm.revisions.column_moves import prepared_columns, take_over
from crm.revisions.convert import EXAMPLES, Move
from crm.revisions.ddl import AddColumn
from crm.revisions.workspace import Workspace
from crm.secrets import has_keys

MOST_COLUMNS = {"postgresql": 1_600, "sqlite": 2_000}  # per table, those that were removed included


def expand(
    connection: sa.Connection,
    statements: list[DDLElement],
    moves: list[Move],
    before: Identities,
    workspace: Workspace,
) -> None:
    """Make tables and columns, fill those whose field changed its type, then make indexes and foreign keys.

    Shape:  `before` is the revision that ends, `moves` the fields whose values take another column.
    Errors: SchemaError naming the field; the transaction is then undone.
    """
    refuse(columns_that_do_not_fit(connection, statements, workspace))
    refuse(_without_keys(workspace))
    there = prepared_columns(connection, moves)
    room = [statement for statement in statements if isinstance(statement, CreateTable | AddColumn)]
    for statement in room:
        if not (isinstance(statement, AddColumn) and (statement.table_name, statement.column.name) in there):
            _run(connection, statement, workspace)
    refuse([problem for move in moves for problem in take_over(connection, move, workspace.number)])
    refuse(_free_references(connection, before, workspace))
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
    rest = [statement for statement in statements if statement not in room]
    refuse(_not_unique(connection, rest, workspace))
    for statement in rest:
        _run(connection, statement, workspace)


def refuse(problems: list[Problem]) -> None:
    """Stop when there are problems.

    Errors: SchemaError.
    """
    if problems:
        raise SchemaError("schema.has_problems", problems, count=len(problems))


def _without_keys(workspace: Workspace) -> list[Problem]:
    """Return a problem for every field to be encrypted when there is no key to do it with."""
    sealed = [field for _entity, field in workspace.schema.encrypted_fields()]
    if not sealed or has_keys():
        return []
    return [Problem("schema.no_keys", {"name": field.name}, field.name) for field in sealed]


def columns_that_do_not_fit(
    connection: sa.Connection, statements: list[DDLElement], workspace: Workspace
) -> list[Problem]:
    """Return a problem for the first field of each table that has no room for its column."""
    limit, used, found = MOST_COLUMNS[connection.dialect.name], {}, {}
    for statement in statements:
        if not isinstance(statement, AddColumn):
            continue
        table = statement.table_name
        used[table] = used.get(table) or _columns_used(connection, table)
        used[table] += 1
        if used[table] > limit and table not in found:
            entity, field = names_of(workspace, table, statement.column.name)
            found[table] = Problem(
                "schema.too_many_columns", {"entity": entity, "field": field, "limit": limit}, field
            )
    return list(found.values())


def _columns_used(connection: sa.Connection, table: str) -> int:
    if connection.dialect.name != "postgresql":
        return len(sa.inspect(connection).get_columns(table))
    asked = sa.text("select max(attnum) from pg_attribute where attrelid = to_regclass(quote_ident(:name))")
    return connection.scalar(asked, {"name": table}) or 0


def names_of(workspace: Workspace, table: str, column: str) -> tuple[str, str]:
    """Return the entity and field of a column; without a field, the name of the column itself."""
    for entity in workspace.schema.entities.values():
        if entity.table == table:
            names = (field.name for field in entity.fields.values() if field.column == column)
            return entity.name, next(names, column)
    return table, column


def _run(connection: sa.Connection, statement: DDLElement, workspace: Workspace) -> None:
    """Run one statement; a refusal names its entity and field, but a lock that is not free is raised as it is."""
    try:
        connection.execute(statement)
    except sa.exc.DBAPIError as error:
        if isinstance(error, sa.exc.OperationalError) and connection.dialect.name == "postgresql":
            raise  # SQLite calls everything so; there the lock is ours already.
        table, column = _place_of(statement)
        entity, field = names_of(workspace, table, column)
        why = str(error.orig).splitlines()[0][:200]
        problem = Problem(
            "schema.database_refused", {"what": f"{entity}.{field}".strip("."), "why": why}, field
        )
        raise SchemaError("schema.has_problems", [problem], count=1) from error


def _place_of(statement: DDLElement) -> tuple[str, str]:
    if isinstance(statement, AddColumn):
        return statement.table_name, statement.column.name
    element = getattr(statement, "element", None)
    if isinstance(element, sa.Index):
        return element.table.name, next(iter(element.columns)).name
    if isinstance(element, sa.ForeignKeyConstraint):
        return element.parent.name, element.column_keys[0]
    return getattr(element, "name", None) or "", ""


def _not_unique(
    connection: sa.Connection, statements: list[DDLElement], workspace: Workspace
) -> list[Problem]:
    """Return a problem for every field that is to become unique and is not."""
    problems = []
    for statement in statements:
        if not isinstance(statement, CreateIndex) or not statement.element.unique:
            continue
        column = next(iter(statement.element.columns))
        is_sealed = isinstance(column.type, Encrypted)
        value = index_of(column) if is_sealed else column
        twice = sa.select(value).where(column.is_not(None)).group_by(value).having(sa.func.count() > 1)
        values = ", ".join("…" if is_sealed else str(one) for one in connection.scalars(twice.limit(5)))
        if values:
            entity, field = names_of(workspace, column.table.name, column.name)
            uid = workspace.schema.entities[entity].fields[field].uid
            params = {"entity": entity, "field": field, "uid": uid, "values": values}
            problems.append(Problem("schema.not_unique", params, field))
    return problems


def _free_references(connection: sa.Connection, before: Identities, workspace: Workspace) -> list[Problem]:
    """Empty references that return and whose record was deleted meanwhile; refuse converted ones that point nowhere."""
    live = {
        f"{entity.table}.{field.column}"
        for entity in before.entities.values()
        for field in entity.fields.values()
    }
    tables, problems = {entity.table for entity in before.entities.values()}, []
    uids = {field.uid for entity in before.entities.values() for field in entity.fields.values()}
    for entity in workspace.schema.entities.values():
        for field in entity.fields.values():
            if FIELD_TYPES[field.type].links != "record" or entity.table not in before.taken:
                continue
            target = workspace.schema.entities[field.options["to"]]
            key = f"{entity.table}.{field.column}"
            if key in live and entity.table in tables and target.table in tables:
                continue
            if key in before.taken:
                table = workspace.models.table(entity.name)
                lost = _lost(workspace, entity, field)
                connection.execute(sa.update(table).where(*lost).values({field.column: None}))
            elif field.uid in uids:
                problems += _pointing_nowhere(connection, workspace, entity, field)
    return problems


def _lost(workspace: Workspace, entity: Entity, field: Field) -> list[sa.ColumnElement]:
    """Return the conditions under which a reference points to a record that is not there."""
    table = workspace.models.table(entity.name)
    other = workspace.models.table(field.options["to"]).alias()
    column = table.c[field.column]
    return [column.is_not(None), ~sa.exists().where(other.c.id == column)]


def _pointing_nowhere(
    connection: sa.Connection, workspace: Workspace, entity: Entity, field: Field
) -> list[Problem]:
    table = workspace.models.table(entity.name)
    column = table.c[field.column]
    lost = _lost(workspace, entity, field)
    rows = connection.execute(sa.select(table.c.id, column).where(*lost)).all()
    if not rows:
        return []
    total = connection.scalar(sa.select(sa.func.count(column)))
    examples = "; ".join(f"{row_id}: {value}" for row_id, value in rows[:EXAMPLES])
    counts = {"good": total - len(rows), "bad": len(rows)}
    params = {"field": field.name, "uid": field.uid, **counts, "examples": examples}
    return [Problem("schema.values_do_not_convert", params, field.name)]
