"""Running a report: one query under the reader's rights, and what its numbers mean."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from babel.numbers import format_decimal
from sqlalchemy.orm import aliased

from crm.conditions import Node, compile_sql, say
from crm.conditions.tree.model import And
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import NotFoundError, QueryError
from crm.fields import kind_of, type_of
from crm.fields.alphabet import sort_key
from crm.fields.base import Field
from crm.fields.choice import all_choices
from crm.fields.columns import ExactDecimal, as_ratio
from crm.permissions.rows import parse_trusted, scope_of
from crm.permissions.service import require
from crm.permissions.sight import Narrowed, is_open, narrowed_by_rights
from crm.records.values import field_of, formula_tree, situation_of, titles_by_id, user_names
from crm.reports.model import Group, Measure, Report
from crm.reports.periods import end_of, period_of, say_period

MOST_ROWS = 2_000


@dataclass(frozen=True)
class Column:
    """One column of the answer: a group or a measure. `field` says how its values are shown, if a field does."""

    name: str
    label: str
    is_measure: bool
    field: Field | None = None
    period: str | None = None


@dataclass(frozen=True)
class ReportRow:
    """One group: typed keys and numbers in the order of the columns, texts for people, and the way to its records.

    Shape:  `lines` are raw conditions that select exactly the group's records.
    """

    values: tuple[Any, ...]
    texts: tuple[str, ...]
    lines: list[Any]


@dataclass(frozen=True)
class ReportResult:
    """A report that was run."""

    report: Report
    columns: tuple[Column, ...]
    rows: list[ReportRow]
    totals: tuple[str, ...]
    definition: str
    as_of: dt.datetime
    milliseconds: int
    narrowed: list[Narrowed]


def get_report(session: CrmSession, name: str) -> Report:
    """Return a report the actor may open.

    Errors: NotFoundError when there is none of the name, or it is not open to the actor.
    """
    found = session.workspace.schema.parts["report"].get(name)
    if found is None or not session.actor.may_see_report(name):
        raise NotFoundError("report.not_found", name=name)
    require(session.actor, "read", session.workspace.schema.entities[found.entity])
    return found


def run_report(session: CrmSession, report: Report) -> ReportResult:
    """Run a report under the actor's rights.

    Errors: QueryError when it reads something that is not open to the actor.
    """
    begun = time.perf_counter()
    query = ReportQuery(session, report)
    found = session.execute(query.statement()).all()
    rows = [query.row(values) for values in query.in_order(found)]
    totals = session.execute(query.totals()).one()
    spent = int((time.perf_counter() - begun) * 1000)
    texts = tuple(query.text(column, value) for column, value in zip(query.measured, totals, strict=True))
    return ReportResult(
        report,
        query.columns,
        rows,
        texts,
        define(session, report),
        session.clock().replace(microsecond=0),
        spent,
        narrowed_by_rights(session, query.entity, query.reads),
    )


def define(session: CrmSession, report: Report) -> str:
    """Return what a report counts, in the reader's language."""
    language, schema = session.actor.language, session.workspace.schema
    entity = schema.entities[report.entity]
    if not report.lines:
        return entity.plural.get(language)
    tree = parse_trusted(session.workspace, entity, report.lines)
    return f"{entity.plural.get(language)}: {say(tree, entity, schema, language)}"


class ReportQuery:
    """A report on its way to SQL and back."""

    def __init__(self, session: CrmSession, report: Report) -> None:
        self.session, self.report = session, report
        self.schema, self.models = session.workspace.schema, session.workspace.models
        self.entity = self.schema.entities[report.entity]
        self.scope, self.situation = scope_of(session), situation_of(session)
        self.root = self.models[report.entity]
        self.joins: dict[tuple[str, ...], Any] = {}
        self.reads = self._open_tree()
        self.columns = tuple(
            [self._group_column(group) for group in report.groups]
            + [self._measure_column(measure) for measure in report.measures]
        )
        self.measured = [column for column in self.columns if column.is_measure]
        self.names: dict[str, dict[int, str]] = {}

    def statement(self) -> sa.Select:
        """Return the grouped query."""
        keys = [self._group_sql(group) for group in self.report.groups]
        numbers = [self._measure_sql(measure) for measure in self.report.measures]
        return self._from(sa.select(*keys, *numbers)).group_by(*keys).limit(MOST_ROWS)

    def totals(self) -> sa.Select:
        """Return the same measures over everything."""
        return self._from(sa.select(*[self._measure_sql(measure) for measure in self.report.measures]))

    def _from(self, asked: sa.Select) -> sa.Select:
        asked = asked.select_from(self.root)
        for path, target in self.joins.items():
            parent = self.joins.get(path[:-1], self.root)
            entity = self._entity_at(path[:-1])
            attribute = getattr(parent, type_of(entity.fields[path[-1]]).attribute(entity.fields[path[-1]]))
            asked = asked.outerjoin(target, attribute == target.id)
        return asked.where(*self._where())

    def _open_tree(self) -> Node:
        """Return everything the report reads as one tree.

        Errors: QueryError when part of it is not open to the actor.
        """
        report = self.report
        paths = [part.path for part in (*report.groups, *report.measures) if part.path]
        lines = [report.lines, *(measure.lines for measure in report.measures if measure.lines)]
        trees = [parse_trusted(self.session.workspace, self.entity, tuple(one)) for one in lines]
        reads = And((*trees, *(self._path_tree(path) for path in paths)))
        if not is_open(self.session.actor, reads, self.schema):
            raise QueryError("report.closed", report=report.label)
        return reads

    def _path_tree(self, path: tuple[str, ...]) -> Node:
        """Return the tree of a field at the end of a path, in the form that a condition reads it."""
        line = {"field": ".".join(path), "is_empty": True}
        return parse_trusted(self.session.workspace, self.entity, (line,))

    def _where(self) -> list[Any]:
        if not self.report.lines:
            return []
        tree = parse_trusted(self.session.workspace, self.entity, self.report.lines)
        return [compile_sql(tree, self.entity.name, self.scope)]

    def _entity_at(self, path: Sequence[str]) -> Entity:
        entity = self.entity
        for step in path:
            entity = self.schema.entities[entity.fields[step].options["to"]]
        return entity

    def _field_at(self, path: Sequence[str]) -> Field:
        return field_of(self._entity_at(path[:-1]), path[-1])

    def _sql_at(self, path: tuple[str, ...]) -> Any:
        """Return the SQL of a field at the end of a path, noting the joins it needs."""
        for size in range(1, len(path)):
            if path[:size] not in self.joins:
                self.joins[path[:size]] = aliased(self.models[self._entity_at(path[:size]).name])
        field, owner = self._field_at(path), self.joins.get(path[:-1], self.root)
        if type_of(field).stored:
            return getattr(owner, type_of(field).attribute(field))
        tree = formula_tree(self.session, self._entity_at(path[:-1]), field)
        return compile_sql(tree, self._entity_at(path[:-1]).name, self.scope, owner)

    def _group_sql(self, group: Group) -> Any:
        found = self._sql_at(group.path)
        if group.period is None:
            return found
        is_moment = kind_of(self._field_at(group.path)) == "datetime"
        return period_of(found, group.period, is_moment, self.scope.dialect, self.scope.time_zone)

    def _measure_sql(self, measure: Measure) -> Any:
        if measure.kind in ("count", "share"):
            return self._count_sql(measure)
        found = self._sql_at(measure.path)
        return getattr(sa.func, measure.kind)(found) if measure.kind != "avg" else _average(found)

    def _count_sql(self, measure: Measure) -> Any:
        if not measure.lines:
            return sa.func.count(self.root.id)
        tree = parse_trusted(self.session.workspace, self.entity, tuple(measure.lines))
        some = sa.func.count(sa.case((compile_sql(tree, self.entity.name, self.scope), self.root.id)))
        if measure.kind == "count":
            return some
        whole = sa.func.nullif(sa.func.count(self.root.id), 0)  # the totals of nothing
        return sa.func.round(sa.cast(some, sa.Numeric) * 100 / whole, 2, type_=sa.Numeric())

    def _group_column(self, group: Group) -> Column:
        field = self._field_at(group.path)
        return Column(group.name, field.label.get(self.situation.language), False, field, group.period)

    def _measure_column(self, measure: Measure) -> Column:
        field = self._field_at(measure.path) if measure.path else None
        return Column(measure.name, measure.label.get(self.situation.language), True, field)

    def in_order(self, found: Sequence[Any]) -> list[Any]:
        """Return rows by time, by the declared order of choices, by the first measure and by name."""
        self._load_names(found)
        keys = len(self.report.groups)
        if not keys:
            return list(found)
        places = [self._places(column) for column in self.columns[:keys]]
        periods = [place for place, column in enumerate(self.columns[:keys]) if column.period]

        def rank(row: Any) -> tuple:
            times = tuple(str(row[place] or "") for place in periods)
            ranks = tuple(known.get(row[place], len(known)) for place, known in enumerate(places) if known)
            words = [sort_key(self.text(self.columns[place], row[place])) for place in range(keys)]
            return times, ranks, -_size(row[keys]), words

        return sorted(found, key=rank)

    @staticmethod
    def _places(column: Column) -> dict[str, int]:
        """Return the place of each choice; nothing for a field that has none."""
        choices = all_choices(column.field) if column.field else ()
        return {key: place for place, key in enumerate(choices)}

    def _load_names(self, found: Sequence[Any]) -> None:
        for place, column in enumerate(self.columns):
            if column.field is None or column.is_measure:
                continue
            ids = [row[place] for row in found if row[place] is not None]
            if column.field.type == "user":
                self.names[column.name] = user_names(self.session, ids)
            elif column.field.type == "reference":
                target = self.schema.entities[column.field.options["to"]]
                self.names[column.name] = titles_by_id(self.session, target, ids, self.situation)

    def row(self, values: Sequence[Any]) -> ReportRow:
        """Return one row with texts and the way to its records."""
        texts = tuple(self.text(column, value) for column, value in zip(self.columns, values, strict=True))
        lines = [self._line(group, value) for group, value in zip(self.report.groups, values, strict=False)]
        return ReportRow(tuple(values), texts, [*self.report.lines, *lines])

    def _line(self, group: Group, value: Any) -> Any:
        if value is None:
            return {"field": group.name, "is_empty": True}
        if group.period is None:
            return {"field": group.name, "is": value if isinstance(value, str | int | bool) else str(value)}
        return {"field": group.name, "between": [value.isoformat(), end_of(value, group.period).isoformat()]}

    def text(self, column: Column, value: Any) -> str:
        """Return a value as people read it."""
        if value is None:
            return "" if column.is_measure else "—"
        if column.name in self.names:
            return self.names[column.name].get(value, f"#{value}")
        if column.period:
            return say_period(value, column.period, self.situation.language)
        if column.field is not None and not self._is_plain(column):
            return type_of(column.field).display(column.field, value, self.situation)
        return number_text(value, self._is_share(column), self.situation.language)

    def _is_plain(self, column: Column) -> bool:
        """Return whether a mean is shown as a number: that of stars or pieces is not one of them."""
        means = {measure.name for measure in self.report.measures if measure.kind == "avg"}
        return column.is_measure and column.name in means and column.field.type not in ("money", "percent")

    def _is_share(self, column: Column) -> bool:
        return any(
            measure.name == column.name and measure.kind == "share" for measure in self.report.measures
        )


def _size(value: Any) -> float:
    return float(value) if isinstance(value, int | float | Decimal) else 0.0


def _average(expression: Any) -> Any:
    """Return the mean, to the places of the field: of an exact number, or of whole ones to four places."""
    total, count = sa.func.sum(expression), sa.func.nullif(sa.func.count(expression), 0)
    if isinstance(expression.type, ExactDecimal):
        return sa.func.round(as_ratio(total) / count, expression.type.places, type_=sa.Numeric())
    return sa.func.round(sa.cast(total, sa.Numeric) / count, 4, type_=sa.Numeric())


def number_text(value: Any, is_share: bool, language: str) -> str:
    """Return a plain number, or a percentage, in a language."""
    text = format_decimal(value, locale=language, decimal_quantization=False)
    return f"{text} %" if is_share else text
