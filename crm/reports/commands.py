"""`flask crm report NAME` and `flask crm export ENTITY`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from crm.commands import Context, crm_command
from crm.entities.model import Entity
from crm.entities.reader import nearest
from crm.entities.yaml import read_yaml
from crm.errors import NotFoundError, QueryError
from crm.permissions.sight import rests_on
from crm.records.listing import ListQuery
from crm.records.values import situation_of
from crm.reports.service import get_report, run_report
from crm.reports.tables import report_facts, report_rows, write_export
from crm.reports.workbook import write_workbook
from crm.texts import LANGUAGES, RIGHT_TO_LEFT


def register(group: click.Group) -> None:
    """Add the commands."""

    @crm_command(group, "report", help="Run a report.")
    @click.argument("name")
    @click.option("--xlsx", type=click.Path(path_type=Path), help="Write the table to a workbook.")
    @click.option("--as", "user", default="", help="Run it with this user's rights.")
    def report(context: Context, name: str, xlsx: Path | None, user: str) -> None:
        with context.reading_session(user) as session:
            result = run_report(session, get_report(session, name))
            rests = rests_on(result.narrowed, session.actor.language)
            situation = situation_of(session)
            is_leftward = session.actor.language in RIGHT_TO_LEFT
        if xlsx:
            header = [column.label for column in result.columns]
            title = result.report.label.get(situation.language)
            write_workbook(xlsx, title, header, report_rows(result, situation), is_leftward)
        lines = ["\t".join(column.label for column in result.columns)]
        lines += ["\t".join(row.texts) for row in result.rows]
        text = "\n".join([result.definition, *rests["notes"], *lines])
        context.answer({**report_facts(result), **rests}, text)

    @crm_command(group, "export", help="Write records to a workbook or csv file.")
    @click.argument("entity")
    @click.option(
        "--to", "path", required=True, type=click.Path(path_type=Path), help="FILE.xlsx or FILE.csv"
    )
    @click.option("--segment", default="", help="Only the records of a segment.")
    @click.option("--where", default="", help="Conditions, as YAML.")
    @click.option("--language", type=click.Choice(LANGUAGES), help="Language of labels and choices.")
    @click.option("--as", "user", default="", help="Export with this user's rights.")
    def export(
        context: Context, entity: str, path: Path, segment: str, where: str, **whose: str | None
    ) -> None:
        with context.reading_session(whose["user"]) as session:
            if whose["language"]:
                session.actor = replace(session.actor, language=whose["language"])
            found = _entity(context, entity)
            lines = _lines(where) + ([{"in_segment": segment}] if segment else [])
            count = write_export(session, found, ListQuery(lines), path)
        context.answer(
            {"entity": entity, "rows": count, "file": str(path)}, f"{count} records written to {path}."
        )


def _entity(context: Context, name: str) -> Entity:
    found = context.workspace.schema.entities.get(name)
    if found is None:
        near = nearest(name, context.workspace.schema.entities)
        raise NotFoundError(
            "schema.unknown_entity_near" if near else "schema.unknown_entity", name=name, near=near
        )
    return found


def _lines(where: str) -> list[Any]:
    """Return condition lines written as YAML.

    Errors: QueryError when it is no YAML; what is wrong in the lines the query says.
    """
    if not where:
        return []
    lines, reading = read_yaml(where)
    if reading.problems:
        raise QueryError("record.bad_query", reading.problems)
    return lines if isinstance(lines, list) else [lines]
