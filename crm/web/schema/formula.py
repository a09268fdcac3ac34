"""`/admin/schema/<entity>/formula`: what a formula gives while it is typed, and what there is to write it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import render_template, request

from crm.conditions import parse_formula
from crm.conditions.tree.model import EMPTY
from crm.drafts import service as drafts
from crm.entities.model import Entity, Schema
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.fields.locales import shown_date, shown_number, with_minus_at_left
from crm.messages import render
from crm.messages.conditions import KINDS
from crm.records.sampling import SampleValue, sample_values
from crm.texts import N_, NP_, Text, translate
from crm.web.fab.views import page
from crm.web.language import current_language, spoken
from crm.web.schema.shaping import Answer, ShapingView
from crm.web.serving.asking import always, asks
from crm.web.serving.session import current_session
from crm.web.skin import moment, yes_or_no

LONGEST = 5_000  # characters that are looked at
FUNCTIONS: Mapping[str, tuple[str, str]] = {
    "if": ("if(condition, a, b)", N_("a if the condition is true, otherwise b")),
    "today": ("today()", NP_("label", "today's date")),
    "now": ("now()", N_("the current date and time")),
    "days_between": ("days_between(a, b)", N_("days from a to b")),
    "add_days": ("add_days(day, n)", N_("the date n days later")),
    "hours_between": ("hours_between(a, b)", N_("hours from a to b")),
    "add_hours": ("add_hours(moment, n)", N_("the date and time n hours later")),
    "add_minutes": ("add_minutes(moment, n)", N_("the date and time n minutes later")),
    "working_days_between": ("working_days_between(a, b, calendar)", N_("working days from a to b")),
    "add_working_hours": (
        "add_working_hours(moment, n, calendar)",
        N_("the date and time n working hours later"),
    ),
    "year": ("year(day)", N_("the year as a number")),
    "month": ("month(day)", N_("the month, 1 to 12")),
    "round": ("round(x, n)", N_("x with n decimal places")),
    "min": ("min(a, b, …)", N_("the smallest that is not empty")),
    "max": ("max(a, b, …)", N_("the largest that is not empty")),
    "coalesce": ("coalesce(a, b, …)", N_("the first that is not empty")),
    "is_empty": ("is_empty(a)", N_("true if there is no value")),
    "concat": ("concat(a, b, …)", N_("the texts joined together")),
    "upper": ("upper(text)", N_("in upper case")),
    "lower": ("lower(text)", N_("in lower case")),
    "length": ("length(text)", N_("number of characters")),
    "count_of": ("count_of(children)", N_("number of related records")),
    "sum_of": ("sum_of(children.field)", N_("total of a field in the related records")),
}
"""Every function: how it is written, and what it gives."""


@dataclass(frozen=True)
class Verdict:
    """What is known of a formula: what is wrong with it, or what it gives.

    Shape:  `samples` is None where no record can be shown.
    """

    error: str = ""
    kind: str = ""
    samples: list[tuple[SampleValue, str]] | None = None


class SchemaFormulaView(ShapingView):
    """A formula while it is typed."""

    route_base = "/admin/schema"

    @page("/<name>/formula", methods=["POST"])
    @asks(always)
    def formula(self, name: str) -> Answer:
        """Return what the formula in the form gives."""
        session, form = current_session(), request.form
        schema, _problems = drafts.propose(session, drafts.find_draft(session))
        verdict = judge(schema, schema.entities.get(name), form.get("formula", ""), form.get("of", ""))
        return render_template("schema/_verdict.html", verdict=verdict, entity_name=name)


def judge(schema: Schema, entity: Entity | None, text: str, result: str) -> Verdict:
    """Return what is known of a formula on an entity; `result` is the type it is to have, or "" for any."""
    text, language = text.strip()[:LONGEST], current_language()
    if entity is None or not text:
        return Verdict()
    tree, problems = parse_formula(text, entity, schema)
    if problems:
        return Verdict(render(problems[0], language))
    found = sample_values(current_session(), entity.name, text)
    return Verdict(
        kind_error(tree.kind, result),
        translate(KINDS.get(tree.kind, ""), language),
        None if found is None else [(each, shown_value(each.value)) for each in found],
    )


def kind_error(found: str, result: str) -> str:
    """Return the sentence about a formula that gives something else than it should."""
    expected = FIELD_TYPES[result].kind if result in FIELD_TYPES else found
    if found in (expected, EMPTY):
        return ""
    params = {"expected": Text(KINDS[expected]), "found": Text(KINDS[found])}
    return render(Problem("conditions.kind_expected", params), current_language())


def toolbox(entity: Entity | None) -> dict[str, list[tuple[str, str, str]]]:
    """Return what a formula can be written with: (what is inserted, how it is written, what it is)."""
    language = current_language()
    fields = entity.fields.values() if entity else ()
    children = entity.inverses.values() if entity else ()
    return {
        "fields": [(field.name, field.name, field.label.get(language)) for field in fields],
        "children": [
            (f"count_of({child.name})", child.name, child.label.get(language)) for child in children
        ],
        "functions": [(name + "(", written, spoken(said)) for name, (written, said) in FUNCTIONS.items()],
    }


def shown_value(value: Any) -> str:
    """Return a value of a formula as people read it, "—" when there is none.

    >>> shown_value(None), shown_value("x")
    ('—', 'x')
    """
    if value is None:
        return "—"
    if isinstance(value, bool):
        return yes_or_no(value)
    if isinstance(value, (int, Decimal)):
        return with_minus_at_left(shown_number(value, current_language()), current_language())
    if isinstance(value, datetime):
        return moment(value)
    return shown_date(value, current_language()) if isinstance(value, date) else str(value)
