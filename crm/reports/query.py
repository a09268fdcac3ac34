"""A report on its way to SQL and back: groups, joins and measures, under the reader's rights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.conditions import Node, compile_sql
from crm.conditions.tree.model import And, is_condition
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import QueryError
from crm.fields import kind_of, type_of
from crm.fields.alphabet import sort_key
from crm.fields.base import Field
from crm.fields.choice import all_choices
from crm.fields.columns import ExactDecimal, as_ratio
from crm.permissions.rows import parse_trusted, scope_of
from crm.permissions.sight import is_open
from crm.permissions.store import everybody
from crm.records.amounts import currency_sql, usual_currency
from crm.records.values import currency_field, field_of, formula_tree, situation_of, titles_by_id, user_names
from crm.reports.drill import currency_lines, group_line
from crm.reports.model import Group, Measure, Report
from crm.reports.periods import period_of

MOST_ROWS = 2_000


@dataclass(frozen=True)
class Column:
    """One column of the answer: a group or a measure.

    Shape:  `field` says how its values are shown, if a field does. `currency` is the place of the group that holds the
            currency of a measure's amounts; `usual` what an amount is in beside which none is named.
    """

    name: str
    label: str
    is_measure: bool
    field: Field | None = None
    period: str | None = None
    measure: Measure | None = None
    currency: int | None = None
    usual: str = ""


class ReportQuery:
    """A report on its way to SQL and back.

    Shape:  `groups` are those declared, then one for the currency of amounts that have it beside them, unless the
            report groups by it already: amounts of two currencies are never put into one number.
    """

    def __init__(self, session: CrmSession, report: Report) -> None:
        self.session, self.report = session, report
        self.schema, self.models = session.workspace.schema, session.workspace.models
        self.entity = self.schema.entities[report.entity]
        self.scope, self.situation = scope_of(session), situation_of(session)
        self.root = self.models[report.entity]
        self.joins: dict[tuple[str, ...], Any] = {}
        self.parts: dict[tuple[str, ...], Any] = {}
        self.groups = tuple(self._all_groups())
        self.reads = self._open_tree()
        self.columns = (
            *(self._group_column(group) for group in self.groups),
            *(self._measure_column(measure) for measure in report.measures),
        )
        self.measured = [column for column in self.columns if column.is_measure]
        self.names: dict[str, dict[int, str]] = {}

    def _all_groups(self) -> Iterator[Group]:
        yield from self.report.groups
        known = {group.path for group in self.report.groups if group.period is None}
        for measure in self.report.measures:
            path = self._currency_path(measure)
            if path and path not in known:
                known.add(path)
                yield Group(path, of_amounts=self._usual(measure))

    def _currency_path(self, measure: Measure) -> tuple[str, ...]:
        """Return the path of the currency of a measure's amounts; () where they have one of their own."""
        if not measure.path:
            return ()
        beside = currency_field(self._entity_at(measure.path[:-1]), self._field_at(measure.path))
        return (*measure.path[:-1], beside.name) if beside is not None else ()

    def _usual(self, measure: Measure) -> str:
        return usual_currency(self._field_at(measure.path), self.situation)

    def statement(self) -> sa.Select:
        """Return the grouped query; of too many groups, those with the largest first measure."""
        keys, numbers, asked = self._grouped()
        return asked.order_by(numbers[0].desc().nulls_last(), *keys).limit(MOST_ROWS + 1)

    def every_group(self) -> sa.Select:
        """Return the grouped query in no order and without a limit, for what is reckoned from all groups."""
        return self._grouped()[2]

    def _grouped(self) -> tuple[list[Any], list[Any], sa.Select]:
        keys = [self._group_sql(group) for group in self.groups]
        numbers = [self._measure_sql(measure) for measure in self.report.measures]
        return keys, numbers, self._from(sa.select(*keys, *numbers), self.parts).group_by(*keys)

    def totals(self) -> list[dict[str, Any]]:
        """Return each measure over everything, by currency; by "" for what is no amount of several."""
        found: list[dict[str, Any]] = [{} for _measure in self.report.measures]
        paths = [self._currency_path(measure) for measure in self.report.measures]
        for path in dict.fromkeys(paths):
            places = [place for place, one in enumerate(paths) if one == path]
            numbers = [self._measure_sql(self.report.measures[place]) for place in places]
            usual = self._usual(self.report.measures[places[0]]) if path else ""
            keys = [self._group_sql(Group(path, of_amounts=usual))] if path else []
            for row in self.session.execute(self._from(sa.select(*keys, *numbers), {}).group_by(*keys)):
                for place, number in zip(places, row[len(keys) :], strict=True):
                    found[place][row[0] if keys else ""] = number
        return found

    def _from(self, asked: sa.Select, parts: dict[tuple[str, ...], Any]) -> sa.Select:
        asked = asked.select_from(self.root)
        for path, target in self.joins.items():
            parent = self.joins.get(path[:-1], self.root)
            field = self._field_at(path)
            asked = asked.outerjoin(target, getattr(parent, type_of(field).attribute(field)) == target.id)
        for part in parts.values():
            asked = asked.outerjoin(part, sa.true())
        return asked.where(*self._where())

    def _open_tree(self) -> Node:
        """Return everything the report reads as one tree.

        Errors: QueryError when part of it is not open to the actor.
        """
        report = self.report
        paths = [part.path for part in (*self.groups, *report.measures) if part.path]
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
        found = compile_sql(tree, self._entity_at(path[:-1]).name, self.scope, owner)
        return sa.func.coalesce(found, sa.false(), type_=sa.Boolean()) if is_condition(tree) else found

    def _group_sql(self, group: Group) -> Any:
        found, field = self._sql_at(group.path), self._field_at(group.path)
        if group.of_amounts:
            return currency_sql(field, found, group.of_amounts)
        if group.period is not None:
            is_moment = kind_of(field) == "datetime"
            return period_of(found, group.period, is_moment, self.scope.dialect, self.session.actor)
        if type_of(field).points == "user":
            return sa.case((found.in_(everybody()), found))  # one who was deleted counts as empty
        if kind_of(field) == "many":
            return self._word_sql(group, field, found)
        return sa.func.nullif(found, "") if kind_of(field) == "text" else found

    def _word_sql(self, group: Group, field: Field, found: Any) -> Any:
        """Return the SQL of one of a field's several values: a record counts in the group of each."""
        part = self.parts[group.path] = words_of(found, self.scope.dialect, f"part_{len(self.parts)}")
        return sa.cast(part.c.value, sa.BigInteger) if type_of(field).points else part.c.value

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
        label, path = measure.label.get(self.situation.language), self._currency_path(measure)
        field = self._field_at(measure.path) if measure.path else None
        places = [place for place, group in enumerate(self.groups) if path and group.path == path]
        usual = self._usual(measure) if path else ""
        return Column(measure.name, label, True, field, None, measure, next(iter(places), None), usual)

    def load_names(self, found: Sequence[Any]) -> None:
        """Read what the users and records in the groups are called."""
        for place, column in enumerate(self.columns):
            if column.field is None or column.is_measure:
                continue
            ids = [row[place] for row in found if row[place] is not None]
            if type_of(column.field).points == "user":
                self.names[column.name] = user_names(self.session, ids)
            elif type_of(column.field).points == "record":
                target = self.schema.entities[column.field.options["to"]]
                self.names[column.name] = titles_by_id(self.session, target, ids, self.situation)

    def in_order(self, found: Sequence[Any], text: Any) -> list[Any]:
        """Return rows by time, by the declared order of choices, by currency, by the first measure and by name."""
        keys = len(self.groups)
        places = [_places(column) for column in self.columns[:keys]]
        periods = [place for place, column in enumerate(self.columns[:keys]) if column.period]
        currencies = [place for place, group in enumerate(self.groups) if group.of_amounts]

        def rank(row: Any) -> tuple:
            times = tuple(str(row[place] or "") for place in periods)
            ranks = tuple(known.get(row[place], len(known)) for place, known in enumerate(places) if known)
            words = [
                sort_key(text(self.columns[place], row[place]), self.situation.language)
                for place in range(keys)
            ]
            return times, ranks, [row[place] for place in currencies], -_size(row[keys]), words

        return sorted(found, key=rank) if keys else list(found)

    def lines_of(self, row: Sequence[Any], found: Sequence[Any]) -> list[Any]:
        """Return the conditions that select exactly the records of a row, told among all rows."""
        lines = list(self.report.lines)
        for place, group in enumerate(self.groups):
            field = self._field_at(group.path)
            if group.of_amounts:
                known = sorted({other[place] for other in found})
                lines += currency_lines(group, field, row[place], group.of_amounts, known)
            else:
                lines.append(group_line(group, field, row[place]))
        return lines


def words_of(expression: Any, dialect: str, name: str) -> Any:
    """Return a table of the words in a column of several, `|a|b|`; one row that is empty where there is none."""
    words = sa.func.trim(sa.type_coerce(expression, sa.Text), "|")
    if dialect == "sqlite":
        listed = sa.literal("[") + sa.func.replace(sa.func.json_quote(words), "|", '","') + "]"
        return sa.func.json_each(listed).table_valued("value", name=name)
    parted = sa.func.string_to_array(sa.func.btrim(sa.type_coerce(expression, sa.Text), "|"), "|")
    return sa.func.unnest(parted).table_valued("value", name=name).render_derived()


def _places(column: Column) -> dict[str, int]:
    """Return the place of each choice; nothing for a field that has none."""
    choices = all_choices(column.field) if column.field else ()
    return {key: place for place, key in enumerate(choices)}


def _size(value: Any) -> float:
    return float(value) if isinstance(value, int | float | Decimal) else 0.0


def _average(expression: Any) -> Any:
    """Return the mean, to the places of the field: of an exact number, or of whole ones to four places."""
    total, count = sa.func.sum(expression), sa.func.nullif(sa.func.count(expression), 0)
    if isinstance(expression.type, ExactDecimal):
        return sa.func.round(as_ratio(total) / count, expression.type.places, type_=sa.Numeric())
    return sa.func.round(sa.cast(total, sa.Numeric) / count, 4, type_=sa.Numeric())
