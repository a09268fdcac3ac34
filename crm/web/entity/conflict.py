"""Somebody saved a record while somebody else had its form open: what each of them wrote, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem
from crm.records.prepare import clean_values
from crm.records.timeline import values_before
from crm.records.values import display_of, linked_titles, situation_of


def settle(
    session: CrmSession, entity: Entity, values: Mapping[str, Any], sent: Mapping[str, Any], seen: int
) -> tuple[dict[str, Any], list[Problem]]:
    """Return what the form shows as typed, and a problem for each field that both of them changed.

    Shape:  `values` are the record's by now, `sent` what came with the form, `seen` the row version it began with.
            What only the other changed is no longer in what is shown as typed, so the form has their value.
    """
    before = values_before(session, entity, values["id"], values["row_version"] - seen)
    mine = clean_values(entity, sent, replace(situation_of(session), held=values))[0]
    changed = [name for name in before if name in sent and mine.get(name, sent[name]) != values.get(name)]
    both = [name for name in changed if mine.get(name, sent[name]) != before[name]]
    kept = {name: value for name, value in sent.items() if name not in changed or name in both}
    return kept, [_theirs(session, entity, values, name) for name in both]


def _theirs(session: CrmSession, entity: Entity, values: Mapping[str, Any], name: str) -> Problem:
    """Return the problem that says what the other wrote."""
    situation = situation_of(session)
    titles = linked_titles(session, entity, [values], [name], situation)
    text = display_of(entity, name, values, titles, situation)
    return Problem("record.theirs", {"value": text or "—"}, name)
