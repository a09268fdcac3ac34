"""The controls of the field form: what each shows of a key, and what it makes of what was sent.

A reader never refuses: what it cannot understand becomes the value as it was typed, and the check says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext, pgettext
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from crm.drafts.choices import ChoiceRow, rows_of
from crm.drafts.keys import is_nothing, missing_languages, read_texts, shown_texts, usual_value
from crm.entities.model import Entity, Schema
from crm.entities.yaml import read_yaml, write_yaml
from crm.fields import type_named
from crm.fields.fold import fold
from crm.fields.readings import by_letter
from crm.messages import render
from crm.texts import LANGUAGES, Text
from crm.web.conditions.builder import Editor, draw_conditions, is_sent, read_conditions, redraw_conditions
from crm.web.conditions.pages import admin_editor
from crm.web.forms.fields import FormField, Option
from crm.web.language import current_language, spoken
from crm.web.schema.controls import SUMMARIES, WORD_LABELS, KeyControl, words_of_type
from crm.web.schema.formula import judge, toolbox
from crm.web.serving.session import current_session

MOST_IN_MATRIX = 25  # choices; more of them have their moves edited as YAML
EMPTY_ROWS = 2  # for new choices, also without scripts
NUMBER = re.compile(r"-?[0-9]{1,15}([.,][0-9]+)?\Z")
NOT_IN_NAME = re.compile(r"[^a-z0-9]+")
NOT_A_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class FormContext:
    """The surroundings of a field's form: what there is to choose from.

    Shape:  `fields` are the bodies of the entity's fields by name, `body` that of the field itself. `entity` is the
            entity as it would be, None while it has problems; `draft` the number of the draft, if there is one.
    """

    schema: Schema
    fields: Mapping[str, Mapping]
    body: Mapping[str, Any]
    entity: Entity | None = None
    draft: int | None = None

    @property
    def type(self) -> str:
        """Return the field's type."""
        return str(self.body.get("type"))


@dataclass(frozen=True)
class DrawnKey:
    """One key as the form draws it: an ordinary form field, or one of the pieces in `schema/keys/`."""

    key: str
    control: str
    group: str
    field: FormField
    texts: Mapping[str, str]
    missing: tuple[str, ...]
    rows: tuple[ChoiceRow, ...] = ()
    extra: Any = None


def derive_name(label: str) -> str:
    """Return a key made of a label, in Latin letters.

    >>> derive_name("Σημείωση 2"), derive_name("Their budget (€)")
    ('simeiosi_2', 'their_budget')
    """
    words = NOT_A_WORD.sub(" ", fold(label)).split()
    readings = [word if word.isascii() else by_letter(word) for word in words]
    latin = " ".join(word for word in readings if word.isascii())
    name = NOT_IN_NAME.sub("_", latin.lower()).strip("_")[:48].strip("_")
    return name if not name or name[0].isalpha() else f"n_{name}"[:48]


def key_of(label: Mapping[str, str]) -> str:
    """Return a key made of a label: of its English words, else of the first that give one.

    >>> key_of({"en": "", "el": "Έργο"}), key_of({"el": "Έργο", "en": "Project"}), key_of({})
    ('ergo', 'project', '')
    """
    words = [label[language] for language in ("en", *label) if label.get(language)]
    return next((name for word in words if (name := derive_name(word))), "")


# Drawing


def draw_key(
    control: KeyControl, context: FormContext, error: str, rows: Iterable[ChoiceRow] | None = None
) -> DrawnKey:
    """Return one key of a field, ready to be drawn."""
    value = context.body.get(control.key)
    maker = DRAW.get(control.control, _draw_text)
    made = maker(control, value, context)
    field = FormField(
        name=control.key,
        label=spoken(control.label) if control.label != control.key else control.key,
        help=spoken(control.help) if control.help else "",
        error=error,
        prefix="key",
        **made,
    )
    texts = value.get("label") if control.control == "inverse" and isinstance(value, Mapping) else value
    drawn_rows = (
        tuple(rows if rows is not None else rows_of(context.body)) if control.key == "choices" else ()
    )
    return DrawnKey(
        control.key,
        control.control,
        control.group,
        field,
        shown_texts(texts if isinstance(texts, (str, Mapping)) else None),
        tuple(missing_languages(texts)) if isinstance(texts, (str, Mapping)) else (),
        drawn_rows,
        EXTRA[control.control](control, context) if control.control in EXTRA else None,
    )


def _draw_text(_control: KeyControl, value: Any, _context: FormContext) -> dict[str, Any]:
    return {"value": "" if is_nothing(value) else str(value)}


def _draw_code(control: KeyControl, value: Any, context: FormContext) -> dict[str, Any]:
    return {**_draw_text(control, value, context), "direction": "ltr"}


def _draw_number(control: KeyControl, value: Any, context: FormContext) -> dict[str, Any]:
    usual = usual_value(context.type, control.key)
    return {"control": "number", "value": "" if value is None else str(value), "hint": str(usual or "")}


def _draw_flag(control: KeyControl, value: Any, _context: FormContext) -> dict[str, Any]:
    shown = control.key == "history" if value is None else value
    return {"control": "checkbox", "value": str(shown).lower()}


def _draw_yaml(_control: KeyControl, value: Any, _context: FormContext) -> dict[str, Any]:
    text = "" if is_nothing(value) else value if isinstance(value, str) else write_yaml(value)
    return {"control": "textarea", "value": text.rstrip("\n"), "direction": "ltr"}


def _draw_formula(_control: KeyControl, value: Any, _context: FormContext) -> dict[str, Any]:
    return {"control": "textarea", "value": str(value or ""), "direction": "ltr"}


def _select(value: Any, options: Iterable[tuple[str, str]]) -> dict[str, Any]:
    found = [Option(key, label) for key, label in options]
    shown = "" if is_nothing(value) else str(value)
    if shown and shown not in {option.value for option in found}:
        found.append(Option(shown, shown))
    return {"control": "select", "value": shown, "options": tuple(found)}


def _draw_word(control: KeyControl, value: Any, context: FormContext) -> dict[str, Any]:
    words = (
        SUMMARIES
        if control.key == "of" and type_named(context.type).computes == "children"
        else control.words
    )
    return _select(value, [(word, word_label(word)) for word in words])


def word_label(word: str) -> str:
    """Return what a fixed value of a key is called."""
    known = WORD_LABELS.get(word) or (words_of_type(word).label if "." not in word else word)
    return spoken(known)


def _draw_entity(_control: KeyControl, value: Any, context: FormContext) -> dict[str, Any]:
    language = current_language()
    return _select(
        value, [(name, each.label.get(language)) for name, each in context.schema.entities.items()]
    )


def _draw_field(_control: KeyControl, value: Any, context: FormContext) -> dict[str, Any]:
    return _select(value, [(name, label_of_field(name, body)) for name, body in context.fields.items()])


def label_of_field(name: str, body: Mapping) -> str:
    """Return what a field of a document is called, in the reader's language."""
    label = body.get("label") if isinstance(body, Mapping) else None
    return Text(label).get(current_language()) if label else name.replace("_", " ").capitalize()


def _draw_role(_control: KeyControl, value: Any, context: FormContext) -> dict[str, Any]:
    roles = context.schema.parts.get("role", {})
    return _select(value, [(name, role.label.get(current_language())) for name, role in roles.items()])


def _draw_default(control: KeyControl, value: Any, context: FormContext) -> dict[str, Any]:
    if type_named(context.type).kind == "boolean":
        shown = "" if value is None else str(value).lower()
        return _select(shown, [("true", pgettext("value", "Yes")), ("false", pgettext("value", "No"))])
    if type_named(context.type).chooses_one:
        rows = [(row.key, label_of_field(row.key, {"label": row.label})) for row in rows_of(context.body)]
        return _select(value, rows)
    if type_named(context.type).points == "user":
        return _select(value, [("me", gettext("The user who creates the record"))])
    return (
        _draw_yaml(control, value, context)
        if isinstance(value, (list, Mapping))
        else _draw_text(control, value, context)
    )


def _draw_inverse(_control: KeyControl, value: Any, _context: FormContext) -> dict[str, Any]:
    return {"value": str(value.get("name") or "") if isinstance(value, Mapping) else "", "direction": "ltr"}


def _moves(_control: KeyControl, context: FormContext) -> dict[str, Any] | None:
    """Return the matrix of allowed moves; None when there are too many choices for one."""
    rows = rows_of(context.body)
    if not 0 < len(rows) <= MOST_IN_MATRIX:
        return None
    found = context.body.get("next")
    lines = found if isinstance(found, Mapping) else {}
    labels = {row.key: label_of_field(row.key, {"label": row.label}) for row in rows}
    return {"labels": labels, "lines": {key: lines.get(key) for key in labels}}


def editor_of(control: KeyControl, context: FormContext) -> Editor | None:
    """Return the editor of a key's conditions; None where the entity they are about is not known yet."""
    entity = context.entity
    if control.key == "only":
        entity = context.schema.entities.get(str(context.body.get("to")))
    elif control.key == "where" and entity is not None:
        inverse = entity.inverses.get(str(context.body.get("over")).split(".")[0])
        entity = context.schema.entities.get(inverse.entity) if inverse else None
    if entity is None:
        return None
    label = spoken(control.label)
    return admin_editor(
        current_session(), context.schema, entity, control.key, label=label, draft=context.draft
    )


def _draw_lines(control: KeyControl, context: FormContext) -> Markup | None:
    editor = editor_of(control, context)
    if editor is None:
        return None
    if request.method == "POST" and is_sent(request.form, control.key):
        return redraw_conditions(editor, request.form)
    return draw_conditions(editor, context.body.get(control.key) or [])


def _formula(_control: KeyControl, context: FormContext) -> dict[str, Any]:
    """Return what a formula is written with, and what is known of the one that stands there."""
    text, result = str(context.body.get("formula") or ""), str(context.body.get("of") or "")
    return {
        "toolbox": toolbox(context.entity),
        "verdict": judge(context.schema, context.entity, text, result),
        "url": f"/admin/schema/{context.entity.name}/formula" if context.entity else "",
    }


EXTRA: Mapping[str, Callable[[KeyControl, FormContext], Any]] = {
    "moves": _moves,
    "lines": _draw_lines,
    "formula": _formula,
}
DRAW: Mapping[str, Callable[[KeyControl, Any, FormContext], dict[str, Any]]] = {
    "text": _draw_text,
    "code": _draw_code,
    "number": _draw_number,
    "flag": _draw_flag,
    "yaml": _draw_yaml,
    "lines": _draw_yaml,
    "moves": _draw_yaml,
    "formula": _draw_formula,
    "word": _draw_word,
    "entity": _draw_entity,
    "field": _draw_field,
    "role": _draw_role,
    "default": _draw_default,
    "inverse": _draw_inverse,
}


# Reading


def read_key(control: KeyControl, form: MultiDict, context: FormContext) -> Any:
    """Return what a form says of one key."""
    return READ.get(control.control, _read_text)(control, form, context)


def _read_text(control: KeyControl, form: MultiDict, _context: FormContext) -> Any:
    return form.get(control.key, "").strip() or None


def _read_number(control: KeyControl, form: MultiDict, context: FormContext) -> Any:
    return as_number(_read_text(control, form, context))


def as_number(text: str | None) -> Any:
    """Return a typed number as YAML holds it; what is none stays text.

    >>> as_number("12"), as_number("1,5"), as_number("x"), as_number(None)
    (12, 1.5, 'x', None)
    """
    if text is None or not NUMBER.match(text):
        return text
    return float(text.replace(",", ".")) if "." in text or "," in text else int(text)


def _read_flag(control: KeyControl, form: MultiDict, _context: FormContext) -> bool:
    return "true" in form.getlist(control.key)


def _read_yaml(control: KeyControl, form: MultiDict, _context: FormContext) -> Any:
    text = form.get(control.key, "").replace("\r\n", "\n")
    if not text.strip():
        return None
    value, reading = read_yaml(text)
    return text if reading.problems else value


def _read_lines(control: KeyControl, form: MultiDict, context: FormContext) -> Any:
    editor = editor_of(control, context)
    if editor is None:
        return _read_yaml(control, form, context)
    lines, before = read_conditions(editor, form)[0], context.body.get(control.key)
    return before if lines == (before if isinstance(before, list) else [before] if before else []) else lines


def unfinished(controls: Iterable[KeyControl], form: MultiDict, context: FormContext) -> dict[str, str]:
    """Return, by key, the sentence about conditions that lack a value."""
    found = {}
    for control in controls:
        if control.control != "lines" or not is_sent(form, control.key):
            continue
        editor = editor_of(control, context)
        problems = read_conditions(editor, form)[1] if editor is not None else []
        if problems:
            found[control.key] = render(problems[0], current_language())
    return found


def _read_texts(control: KeyControl, form: MultiDict, context: FormContext) -> Any:
    return read_texts(sent_texts(form, control.key), context.body.get(control.key)) or None


def sent_texts(form: MultiDict, key: str) -> dict[str, str]:
    """Return the four inputs of a text."""
    return {language: form.get(f"{key}.{language}", "")[:2_000] for language in LANGUAGES}


def _read_inverse(control: KeyControl, form: MultiDict, context: FormContext) -> Any:
    name = form.get(control.key, "").strip()
    before = context.body.get(control.key)
    texts = read_texts(
        sent_texts(form, control.key), before.get("label") if isinstance(before, Mapping) else None
    )
    if not name and not texts:
        return None
    return {"name": name, "label": texts} if texts else {"name": name}


def _read_default(control: KeyControl, form: MultiDict, context: FormContext) -> Any:
    text = form.get(control.key, "").strip()
    if not text or text.startswith("="):
        return text or None
    if type_named(context.type).kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if type_named(context.type).kind == "number":
        return as_number(text)
    return _read_yaml(control, form, context) if type_named(context.type).several else text


def _read_moves(control: KeyControl, form: MultiDict, context: FormContext) -> Any:
    """Return the allowed moves: of the matrix, a line for every choice from which not all may follow."""
    if "moves" not in form:
        return _read_yaml(control, form, context) if control.key in form else context.body.get(control.key)
    found = {}
    for row in rows_of(context.body):
        if f"any.{row.key}" not in form:
            found[row.key] = form.getlist(f"next.{row.key}")
    before = context.body.get("next")
    if isinstance(before, Mapping):
        found = {
            key: before[key] if set(before.get(key) or ()) == set(after) and key in before else after
            for key, after in found.items()
        }
        order = [key for key in before if key in found]
        found = {key: found[key] for key in (*order, *(key for key in found if key not in order))}
    return found


READ: Mapping[str, Callable[[KeyControl, MultiDict, FormContext], Any]] = {
    "number": _read_number,
    "flag": _read_flag,
    "yaml": _read_yaml,
    "lines": _read_lines,
    "moves": _read_moves,
    "texts": _read_texts,
    "inverse": _read_inverse,
    "default": _read_default,
}


def read_rows(form: MultiDict, before: Iterable[ChoiceRow]) -> list[ChoiceRow]:
    """Return the choices a form holds, in the order of its numbers; rows without any word are left out."""
    known = {row.key: row for row in before}
    columns = [form.getlist(f"choice.{part}") for part in ("was", "key", "place", *LANGUAGES, "color")]
    found = []
    for number, row in enumerate(zip(*columns, strict=False)):
        was, key, context, *texts, color = row
        sent = dict(zip(LANGUAGES, texts, strict=True))
        old = known.get(was)
        label = read_texts(sent, old.label if old and old.label else None) or None
        if old and not old.label and label == {"en": label_of_key(old.key)}:
            label = None
        words = next((sent[each] for each in LANGUAGES if sent[each].strip()), "")
        key = key.strip() or derive_name(words)
        if key or words.strip():
            rank = (
                int(context) if context.isascii() and context.isdigit() and len(context) < 6 else number + 1
            )
            found.append((rank, number, ChoiceRow(key, label, color, was if old else "")))
    removed = set(form.getlist("choice.remove"))
    return [
        row
        for _rank, _number, row in sorted(found, key=lambda each: each[:2])
        if not row.was or row.was not in removed
    ]


def label_of_key(key: str) -> str:
    """Return the key made readable, as a choice without a label is shown."""
    return key.replace("_", " ").capitalize() if key.islower() else key
