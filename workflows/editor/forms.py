"""The form of a rule: what it draws of a document, and the document that comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from crm.conditions import parse_conditions
from crm.database import CrmSession
from crm.entities.build import as_lines
from crm.entities.model import Document, Mark
from crm.entities.schema_parts import TEXT
from crm.errors import Problem
from crm.texts import NP_
from crm.web.conditions.builder import (
    Editor,
    draw_conditions,
    is_sent,
    read_conditions,
    redraw_conditions,
)
from crm.web.conditions.pages import admin_editor
from workflows.editor.parts import MISSING, Part, Surroundings, parts_of, plain_parts
from workflows.editor.sent import Reader, put
from workflows.editor.tree import (
    THEN,
    Tree,
    Writer,
    place_all,
    plant,
    press,
    read_tree,
)
from workflows.rules.check import KEYS, check_rule
from workflows.rules.schema_parts import RULE_PARTS
from workflows.triggers import TRIGGERS
from workflows.triggers.base import NOTHING as NOTHING_BEHIND

BUTTON = "_rule"
"""The name of every button of the form that changes its steps and saves nothing."""
WHEN, RULE = "when", "rule"
APART = ("rule", "entity", "enabled", "when", "if", "then")
SETTINGS = {key: RULE_PARTS.get(key, {"type": "string"}) for key in KEYS if key not in (*APART, "label")}
SETTING_LABELS = {
    "label": NP_("key", "Label"),
    "time_zone": NP_("key", "Time zone"),
    "if_missed": NP_("key", "If a scheduled time was missed"),
    "once": NP_("option", "Run once, later"),
    "skip": NP_("option", "Leave it out"),
    "at_most_once_per": NP_("key", "At most once per"),
    "day": NP_("option", "Day"),
    "week": NP_("option", "Week"),
    "month": NP_("option", "Month"),
    "year": NP_("option", "Year"),
    "priority": NP_("key", "Priority"),
    "stop_after": NP_("key", "Run no later rules on the same change"),
}


@dataclass
class Sent:
    """A rule in the editor: its document as it is or was sent, its steps as nodes, and what is wrong.

    Shape:  `problems` are by path in the document. `focus` is the id of the node a button touched.
    """

    body: dict[str, Any]
    tree: Tree
    form: MultiDict | None = None
    problems: list[tuple[tuple, Problem]] = attribute(default_factory=list)
    focus: str = ""


def as_lists(form: MultiDict) -> dict[str, list[str]]:
    """Return a form as plain lists by name."""
    return {key: form.getlist(key) for key in form}


def open_rule(body: Mapping[str, Any], around: Surroundings) -> Sent:
    """Return a document as the editor shows it."""
    tree = plant(body.get("then"), around)
    place_all(tree[THEN])
    return Sent(dict(body), tree, problems=problems_of(body, around))


def read_rule(form: MultiDict, body: Mapping[str, Any], around: Surroundings, editor: Editors) -> Sent:
    """Return the document a sent form makes of one, after the button that was pressed."""
    sent = as_lists(form)
    tree = read_tree(sent)
    pressed = form.get(BUTTON, "").split(":")
    deed, place = (*pressed, "", "")[:2]
    focus = press(tree, deed, place, form.get(f"add.{place}", ""))
    lines = editor.reader(form)
    found: Mapping[str, Any] = body
    for key, value in _words(sent, found, around).items():
        found = put(found, key, value, KEYS)
    found = put(found, "if", lines("if", around.entity.name, found.get("if", MISSING)), KEYS)
    found = put(found, "then", Writer(around, sent, lines).steps(tree[THEN], (THEN,)), KEYS)
    if not found.get("if"):
        found = put(found, "if", MISSING, KEYS)
    if deed == "otherwise":
        return open_rule(with_otherwise(found), around)
    problems = problems_of(found, around) + editor.unfinished
    return Sent(dict(found), tree, form, problems, focus)


def with_otherwise(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule whose conditions stand in its first step, so that something can be done otherwise."""
    branches = [{"if": body.get("if") or [], "then": body.get("then") or []}, {"else": []}]
    return {
        **{key: value for key, value in body.items() if key not in ("if", "then")},
        "then": [{"choose": branches}],
    }


def _words(sent: Mapping[str, list[str]], body: Mapping[str, Any], around: Surroundings) -> dict[str, Any]:
    """Return what a form says of everything but conditions and steps."""
    reader = Reader(sent, RULE, lambda _entity, _name: None)
    found = {
        part.path[-1]: reader.read(part, body.get(part.path[-1], MISSING))
        for part in settings(around.language)
    }
    found["entity"] = around.entity.name
    found["when"] = _when(sent, body, around)
    return found


def _when(sent: Mapping[str, list[str]], body: Mapping[str, Any], around: Surroundings) -> Any:
    word, before = sent.get(WHEN, [""])[0], body.get("when")
    known, value = (before, MISSING) if isinstance(before, str) else only(before)
    if word not in TRIGGERS:
        return before if before is not None else MISSING
    kind = TRIGGERS[word]
    if kind.shape is NOTHING_BEHIND:
        return before if word == known else word
    drawn_word = sent.get("when.was", [""])[0]
    old = value if word == known else MISSING
    if drawn_word != word:
        return {word: None if old is MISSING else old}
    part = parts_of(kind, None if old is MISSING else old, around)
    found = Reader(sent, WHEN, lambda _entity, _name: None).read(part, old)
    return {word: None if found is MISSING else found}


def only(value: Any) -> tuple[str, Any]:
    if isinstance(value, Mapping) and len(value) == 1:
        word, body = next(iter(value.items()))
        return str(word), MISSING if body is None else body
    return "", MISSING


def settings(language: str) -> tuple[Part, ...]:
    """Return the parts of a rule beside its sentence: its label first."""
    return plain_parts({"label": TEXT, **SETTINGS}, SETTING_LABELS, language)


def problems_of(body: Mapping[str, Any], around: Surroundings) -> list[tuple[tuple, Problem]]:
    """Return what is wrong with a rule, each problem with its path."""
    places = [(), *_paths(body)]
    marks = {place: Mark(number, 1) for number, place in enumerate(places, 1)}
    document = Document("rule", str(body.get("rule") or ""), body, marks=marks)
    found = check_rule(document, around.schema)
    return [(places[min(problem.line or 1, len(places)) - 1], problem) for problem in found]


def _paths(value: Any, path: tuple = ()) -> Iterator[tuple]:
    items = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in items:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


class Editors:
    """The condition editors of one form."""

    def __init__(self, session: CrmSession, around: Surroundings) -> None:
        self.session, self.around = session, around
        self.unfinished: list[tuple[tuple, Problem]] = []

    def editor(self, name: str, entity: str, label: str) -> Editor | None:
        """Return the editor of an entity's conditions; None where the entity is not known."""
        found = self.around.schema.entities.get(entity)
        if found is None:
            return None
        more = {"label": label, "draft": "mine", "rules": entity == self.around.entity.name}
        return admin_editor(self.session, self.around.schema, found, name, **more)

    def draw(self, name: str, entity: str, label: str, lines: Any, form: MultiDict | None) -> Markup:
        """Return an editor's HTML: as the form left it, else with these lines."""
        editor = self.editor(name, entity, label)
        if editor is None:
            return Markup("")
        if form is not None and is_sent(form, name):
            return redraw_conditions(editor, form)
        return draw_conditions(editor, [] if lines is MISSING else lines or [])

    def reader(self, form: MultiDict) -> Any:
        """Return the function that reads an editor's lines; those that mean what they meant stay as they were."""

        def lines(name: str, entity: str, before: Any) -> Any:
            editor = self.editor(name, entity, "")
            if editor is None or not is_sent(form, name):
                return before
            found, problems = read_conditions(editor, form)
            self.unfinished += [
                ((), problem) for problem in problems if problem.code == "web.unfinished_condition"
            ]
            known = list(as_lines(None if before is MISSING else before))
            trees = [parse_conditions(each, editor.entity, editor.schema)[0] for each in (found, known)]
            return before if known and trees[0] == trees[1] and not problems else found

        return lines
