"""An explanation in words: for the command line, for JSON and for the page."""

from __future__ import annotations

from typing import Any

from crm.messages import render
from crm.messages.permissions import DEED_LABELS, FIELD_WORDS
from crm.permissions.explain import Explanation, FieldAnswer, Line, Need, Way
from crm.texts import translate


def facts_of(found: Explanation, language: str) -> dict[str, Any]:
    """Return an explanation as plain data with its sentences in one language; it holds no value of the record."""
    question = found.question
    return {
        "user": found.actor.name,
        "entity": question.entity,
        "deed": question.deed,
        "record": question.record_id,
        "field": question.field,
        "allowed": found.allowed,
        "verdict": render(found.verdict, language),
        "needs": [_need(need, language) for need in found.needs],
        "of_field": _field(found.field, language) if found.field else None,
    }


def _need(need: Need, language: str) -> dict[str, Any]:
    label = translate(DEED_LABELS[need.deed], language)
    ways = [_way(way, language) for way in need.ways]
    return {"deed": need.deed, "label": label, "allowed": need.allowed, "roles": ways}


def _way(way: Way, language: str) -> dict[str, Any]:
    return {
        "role": way.role.name,
        "label": way.role.label.get(language),
        "gives": way.gives,
        "holds": way.holds,
        "lines": [_line(line) for line in way.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    return {"text": line.text, "holds": line.holds, "is_secret": line.is_secret}


def _field(answer: FieldAnswer, language: str) -> dict[str, Any]:
    roles = [
        {
            "role": way.role.name,
            "label": way.role.label.get(language),
            "says": way.word,
            "words": translate(FIELD_WORDS[way.word], language),
        }
        for way in answer.ways
    ]
    return {
        "label": answer.field.label.get(language),
        "allowed": answer.allowed,
        "roles": roles,
        "reasons": [render(reason, language) for reason in answer.reasons],
    }


MARKS = {True: "+", False: "-", None: "?"}


def text_of(facts: dict[str, Any]) -> str:
    """Return an explanation as lines for a terminal: `+` holds, `-` does not, `?` is not asked or not told."""
    lines = [facts["verdict"]]
    for need in facts["needs"]:
        lines.append(f"{need['label']}:")
        for way in need["roles"]:
            holds = way["holds"] if way["gives"] and way["holds"] is not None else way["gives"]
            lines.append(f"  {MARKS[holds]} {way['label']} ({way['role']})")
            lines += [f"      {MARKS[line['holds']]} {line['text']}" for line in way["lines"]]
    if facts["of_field"]:
        lines.append(f"{facts['of_field']['label']}:")
        lines += [f"  {way['label']} ({way['role']}): {way['words']}" for way in facts["of_field"]["roles"]]
        lines += [f"  {reason}" for reason in facts["of_field"]["reasons"]]
    return "\n".join(lines)
