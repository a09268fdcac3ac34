"""What every built-in analysis is: a class with a name, its keys, a check, and a way to run it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crm.database import CrmSession
from crm.entities.model import Entity, Schema
from crm.entities.reader import BodyReader
from crm.errors import Problem
from crm.messages import render
from crm.permissions.sight import narrowed_by_rights
from crm.reports.model import Measure, Report
from crm.reports.query import Column, ReportQuery
from crm.reports.result import ReportResult, ReportRow
from crm.texts import Text


class Analysis:
    """One analysis behind `kind:` of a report.

    Shape:  `keys` are the keys of its documents with their JSON Schema, `required` those that must be there.
    """

    name: ClassVar[str]
    keys: ClassVar[Mapping[str, Any]] = {}
    required: ClassVar[tuple[str, ...]] = ()

    def check(self, reader: BodyReader, body: Mapping[str, Any], entity: Entity, schema: Schema) -> None:
        """Note every problem of the keys of this analysis."""
        raise NotImplementedError

    def build(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the options of a document without problems."""
        return {key: body[key] for key in self.keys if body.get(key) is not None}

    def run(self, session: CrmSession, report: Report) -> ReportResult:
        """Run it under the actor's rights.

        Errors: QueryError when it reads something that is not open to the actor.
        """
        raise NotImplementedError


class Answer:
    """An answer that is being put together, timed from its beginning.

    Shape:  `query` is what was asked of the database: its rights, its language and its columns are the answer's.
    """

    def __init__(self, session: CrmSession, report: Report, query: ReportQuery) -> None:
        self.session, self.report, self.query = session, report, query
        self.began = time.perf_counter()

    def result(
        self,
        columns: Sequence[Column],
        rows: list[ReportRow],
        definition: Problem,
        parameters: Mapping[str, Any],
        notes: Sequence[Problem] = (),
    ) -> ReportResult:
        """Return the answer; `definition` says what its numbers mean."""
        measured = sum(column.is_measure for column in columns)
        return ReportResult(
            report=self.report,
            columns=tuple(columns),
            rows=rows,
            totals=("",) * measured,
            definition=render(definition, self.query.situation.language),
            as_of=self.session.clock().replace(microsecond=0),
            milliseconds=int((time.perf_counter() - self.began) * 1000),
            narrowed=narrowed_by_rights(self.session, self.query.entity, self.query.reads),
            parameters=parameters,
            notes=tuple(notes),
        )


def number_column(name: str, label: str, is_share: bool = False) -> Column:
    """Return a column of plain numbers, or of percentages."""
    measure = Measure(name, Text(label), "share" if is_share else "count")
    return Column(name, label, True, measure=measure)
