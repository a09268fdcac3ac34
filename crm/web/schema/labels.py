"""`/admin/schema/<entity>/labels`: every text of an entity in the four languages side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext, pgettext
from werkzeug.datastructures import MultiDict

from crm.drafts.edits import fields_of
from crm.drafts.keys import missing_languages, read_texts, shown_texts
from crm.drafts.texts import Path, set_text, texts_of
from crm.errors import ConflictError
from crm.messages import render
from crm.texts import LANGUAGES, Text
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.schema.key_forms import label_of_field
from crm.web.schema.shaping import (
    Answer,
    ShapingView,
    body_of,
    errors_by_key,
    find_problems,
    fingerprint,
    is_stale,
    save_body,
)


@dataclass(frozen=True)
class TextRow:
    """One text as the page draws it: where it stands, what it is, and its words by language."""

    path: str
    about: str
    what: str
    words: Mapping[str, str]
    missing: tuple[str, ...]


class SchemaLabelsView(ShapingView):
    """The labels of one entity."""

    route_base = "/admin/schema"

    @page("/<name>/labels", methods=["GET", "POST"])
    def labels(self, name: str) -> Answer:
        """Show every text, or those that lack a language, and take what was typed."""
        body = body_of(name)
        if request.method == "GET":
            return self.draw(name, body)
        wanted = read_rows(request.form, body)
        errors = errors_by_key(find_problems(wanted, (), name), ())
        if is_stale(all_texts(body)):
            errors = {"": render(ConflictError("draft.moved_on"), current_language())}
        if errors:
            return self.draw(name, wanted, tuple(errors.values()), 422)
        save_body(name, wanted)
        flash(gettext("Saved in your draft."), "success")
        return redirect(request.full_path if request.query_string else request.path)

    def draw(self, name: str, body: Mapping, errors: tuple[str, ...] = (), status: int = 200) -> Answer:
        """Return the page."""
        every = [text_row(path, text, body) for path, text in texts_of(body)]
        only_missing = request.args.get("missing") == "1"
        return self.entity_page(
            name,
            "labels",
            status,
            rows=[row for row in every if row.missing] if only_missing else every,
            missing=sum(1 for row in every if row.missing),
            only_missing=only_missing,
            problems=[("", "", text) for text in errors],
            seen=fingerprint(all_texts(body_of(name))),
        )


def all_texts(body: Mapping) -> list[Any]:
    """Return what the page is about."""
    return [[list(path), text] for path, text in texts_of(body)]


def text_row(path: Path, text: Any, body: Mapping) -> TextRow:
    """Return one text as the page draws it."""
    missing = LANGUAGES if text is None else missing_languages(text)
    return TextRow(json.dumps(path), *named_place(path, body), shown_texts(text), tuple(missing))


def named_place(path: Path, body: Mapping) -> tuple[str, str]:
    """Return what a text is about, and which of its texts it is."""
    if path[0] == "fields":
        field = fields_of(body)[str(path[1])]
        return label_of_field(str(path[1]), field), {
            "label": pgettext("key", "Label"),
            "help": pgettext("key", "Help text"),
            "choices": pgettext("place", "Choice “%(name)s”", name=_choice(field, path)),
            "inverse": gettext("Label in the linked entity"),
        }[str(path[2])]
    if path[0] in ("form", "checks"):
        number = int(path[1]) + 1
        section, check = (
            pgettext("place", "Section %(number)s", number=number),
            pgettext("place", "Validation %(number)s", number=number),
        )
        return (
            (pgettext("place", "Form"), section)
            if path[0] == "form"
            else (pgettext("place", "Validations"), check)
        )
    whole = {
        "label": pgettext("key", "Label (one record)"),
        "plural": pgettext("key", "Label (several records)"),
    }
    return pgettext("place", "Entity"), whole[str(path[0])]


def _choice(field: Mapping, path: Path) -> str:
    """Return what the choice is called that a path leads to."""
    key = str(path[3]) if len(path) > 3 else ""
    body = dict(field.get("choices") or {}).get(key)
    label = body.get("label") if isinstance(body, Mapping) else None
    return Text(label).get(current_language()) if label else key


def read_rows(form: MultiDict, body: Mapping) -> Mapping[str, Any]:
    """Return the document with the texts of a form; places it does not have are left out."""
    known = dict(texts_of(body))
    columns = [form.getlist(f"text.{language}") for language in LANGUAGES]
    for written, *words in zip(form.getlist("path"), *columns, strict=False):
        path = read_path(written)
        if path not in known:
            continue
        before = known[path]
        text = read_texts(dict(zip(LANGUAGES, words, strict=True)), before)
        if text != before:
            body = set_text(body, path, text)
    return body


def read_path(written: str) -> Path:
    """Return a place as it was sent; what is none leads nowhere."""
    try:
        found = json.loads(written)
    except ValueError:
        return ()
    fits = isinstance(found, list) and all(isinstance(part, (str, int)) for part in found)
    return tuple(found) if fits else ()
