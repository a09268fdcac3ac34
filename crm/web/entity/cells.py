"""Values as list cells and facts: the text, and how it is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from babel.units import format_unit
from flask import request, url_for
from markupsafe import Markup, escape

from crm.entities.model import Entity
from crm.fields import type_of
from crm.fields.base import Field, Situation
from crm.fields.choice import all_choices
from crm.fields.file_kinds import SHOWN
from crm.records.values import display_of, field_of
from crm.web.skin import icon

PARTS_SHOWN = 4  # of several words or records, in a list


@dataclass(frozen=True)
class CellFile:
    """One stored file: its name, its address, its size in words, and where its thumbnail is, of a picture."""

    name: str
    url: str
    size: str
    small_url: str = ""


@dataclass(frozen=True)
class CellPart:
    """One of several words or records: its text, and its colour or its address."""

    text: str
    color: str = ""
    href: str = ""


@dataclass(frozen=True)
class Cell:
    """One value, ready to be drawn by `render_cell`.

    Shape:  `kind` is text, pill, link, boolean, files, many or long. `direction` is "ltr" for codes, else "".
    """

    name: str
    label: str
    text: str
    kind: str = "text"
    color: str = ""
    href: str = ""
    direction: str = ""
    is_number: bool = False
    files: tuple[CellFile, ...] = ()
    parts: tuple[CellPart, ...] = ()


def build_cell(
    entity: Entity,
    name: str,
    values: Mapping[str, Any],
    titles: Mapping[str, Mapping[int, str]],
    situation: Situation,
) -> Cell:
    """Return the cell of one field of one record."""
    field, value = field_of(entity, name), values.get(name)
    field_type = type_of(field)
    text = display_of(entity, name, values, titles, situation)
    kind, color, href = _manner(field, value, text)
    return Cell(
        name,
        field.label.get(situation.language),
        text,
        kind,
        color,
        href,
        # A number's own marks say how it runs: in Hebrew the sign of a currency stands after the amount.
        "ltr" if field_type.left_to_right and not field_type.aligned_end else "",
        field_type.aligned_end,
        tuple(_files(titles.get(name, {}).get(value), situation)) if kind == "files" else (),
        tuple(_parts(field, value, titles, situation.language)) if kind == "many" else (),
    )


def _files(names: Any, situation: Situation) -> Iterator[CellFile]:
    """Yield the files behind a text of their names."""
    for stored in getattr(names, "files", ()):
        url = url_for("FilesView.download", file_id=stored.id)
        small = url_for("FilesView.small", file_id=stored.id) if stored.mime in SHOWN else ""
        yield CellFile(stored.name, url, size_in_words(stored.size, situation.language), small)


def _parts(field: Field, value: tuple[str, ...], titles: Mapping, language: str) -> Iterator[CellPart]:
    """Yield the words or records of a value that holds several."""
    if type_of(field).points:
        for number, title in getattr(titles.get(field.name, {}).get(value), "records", ()):
            yield CellPart(title, href=record_url(field.options["to"], number))
        return
    choices = all_choices(field)
    for word in value:
        choice = choices.get(word)
        yield CellPart(choice.label.get(language), choice.color) if choice else CellPart(word)


def size_in_words(size: int, language: str) -> str:
    """Return a file's size as people say it.

    >>> size_in_words(1_500_000, "en"), size_in_words(300, "en")
    ('1.5 MB', '1 kB')
    """
    if size < 1_000_000:
        return format_unit(max(1, round(size / 1_000)), "digital-kilobyte", "short", locale=language)
    return format_unit(round(size / 1_000_000, 1), "digital-megabyte", "short", locale=language)


def _manner(field: Field, value: Any, text: str) -> tuple[str, str, str]:
    """Return kind, colour and address of a value."""
    field_type = type_of(field)
    if value is None or value == "":
        return "text", "", ""
    if field_type.chooses_one:
        choice = all_choices(field).get(value)
        return ("pill", choice.color, "") if choice and choice.color else ("text", "", "")
    if field_type.kind == "boolean" and field_type.stored:
        return "boolean", "green" if value else "", ""
    if field_type.links == "record" and text:
        return "link", "", record_url(field.options["to"], value)
    if href := field_type.href(value):
        return "link", "", href
    if field_type.holds_files:
        return "files", "", ""
    if field_type.kind == "many":
        return "many", "", ""
    return ("long" if field_type.is_long else "text"), "", ""


NOTHING = Markup('<span class="text-secondary" aria-hidden="true">—</span>')
PILL = Markup('<span class="pill pill-{}"><bdi>{}</bdi></span>')
TRUTH = Markup('<span class="truth">{}<bdi>{}</bdi></span>')
FILES = Markup('<span class="files">{}</span>')
FILE = Markup('<a class="file" href="{}" title="{}">{}<bdi>{}</bdi></a>')
PICTURE_IN_FULL = Markup(
    '<a class="file" href="{}" title="{}" target="_blank" rel="noopener">'
    '<img class="picture" src="{}" alt="" loading="lazy"><bdi>{}</bdi></a>'
)
SMALL_PICTURE = Markup(
    '<a class="file" href="{}" title="{}" target="_blank" rel="noopener">'
    '<img class="small-picture" src="{}" alt="{}" loading="lazy"></a>'
)
MANY = Markup('<span class="parts">{}</span>')
PART = Markup('<a href="{}"><bdi>{}</bdi></a>')
MORE = Markup('<span class="text-secondary" title="{}">+{}</span>')


def render_cell(cell: Cell, in_full: bool = False) -> Markup:
    """Return a value as HTML; `in_full` shows pictures large and with their names, and all of several words.

    It is Python because a list has two hundred of them: as macros they were a fifth of the page.
    """
    if not cell.text:
        return NOTHING
    if cell.kind == "pill":
        return render_pill(cell.text, cell.color)
    if cell.kind == "files":
        return FILES.format(Markup().join(_render_file(file, in_full) for file in cell.files))
    if cell.kind == "many":
        return _render_parts(cell.parts, len(cell.parts) if in_full else PARTS_SHOWN)
    if cell.kind == "boolean":
        name, color = ("check", "text-green") if cell.color else ("x", "text-secondary")
        return TRUTH.format(icon(name, color), cell.text)
    direction = ' dir="ltr"' if cell.direction else ""
    text = f"<bdi>{escape(cell.text)}</bdi>"
    if cell.kind == "link":
        return Markup(f'<a href="{escape(cell.href)}"{direction}>{text}</a>')  # noqa: S704 - every value is escaped
    return Markup(f"<bdi{direction}>{escape(cell.text)}</bdi>")  # noqa: S704 - every value is escaped


def _render_parts(parts: tuple[CellPart, ...], most: int) -> Markup:
    """Return several words or records, the last ones as a number when there are too many for a cell."""
    shown = [
        PART.format(part.href, part.text) if part.href else render_pill(part.text, part.color)
        for part in parts[:most]
    ]
    left = [part.text for part in parts[most:]]
    return MANY.format(Markup().join(shown + ([MORE.format(", ".join(left), len(left))] if left else [])))


def _render_file(file: CellFile, in_full: bool) -> Markup:
    if file.small_url:
        drawn = PICTURE_IN_FULL if in_full else SMALL_PICTURE
        return drawn.format(file.url, f"{file.name}, {file.size}", file.small_url, file.name)
    return FILE.format(file.url, file.size, icon("paperclip", "icon-sm"), file.name)


@lru_cache(maxsize=1024)
def render_pill(text: str, color: str) -> Markup:
    """Return a choice in its colour; a list shows the same few again and again."""
    return PILL.format(color or "gray", text)


def record_url(entity: str, record_id: int) -> str:
    """Return the address of a record's page."""
    return f"{request.script_root}/{entity}/show/{record_id}"


def view_name(entity: str) -> str:
    """Return the name of an entity's view, which is its endpoint too.

    >>> view_name("order_line")
    'OrderLineView'
    """
    return "".join(part.capitalize() for part in entity.split("_")) + "View"
