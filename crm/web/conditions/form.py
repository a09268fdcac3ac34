"""An editor of conditions in a posted form: its rows as they were left, and the button that was pressed.

A row sends its sort under its place (`if/3/1`) and its parts under `if/3/1.<part>`: `p` the path, name by name, `o` the
operator, `c` the control of the value, `v` its texts, `k` the value as it was, `g` all, any, none or count_of …, `over`
the children, `s` their field that is added up. Rows keep the order in which the form sends them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from crm.conditions.language.lines import AGGREGATES, GROUPS, MAX_LINES
from crm.conditions.operators import COUNTED
from crm.entities.model import Entity
from crm.web.conditions.editor import (
    Editor,
    Meant,
    find_children,
    find_meant,
    operators_of,
    trim_path,
)
from crm.web.conditions.rows import (
    CHILDREN,
    FIELD,
    FORMULA,
    GROUP,
    SORTS,
    WORDS,
    LineRow,
    first_children,
    first_number,
    fits,
    meant_number,
    new_row,
)
from crm.web.conditions.values import LISTED, PAIRED, SELECTS, control_of, width_of

BUTTON = "_conditions"
"""The name of every button of an editor; such a form is drawn again and not saved."""
NUMBERS = re.compile(r"(?:/[0-9]{1,6}){1,9}\Z")
REDRAW = "redraw"


@dataclass(frozen=True)
class Press:
    """A button that was pressed: what it does (add, remove, formula, redraw), at which place, and a sort to add."""

    deed: str
    place: str
    sort: str = FIELD


def find_press(form: MultiDict, name: str) -> Press | None:
    """Return the button of one editor that sent the form; None when another one did."""
    deed, _, rest = form.get(BUTTON, "").partition(":")
    place, _, sort = rest.partition(":")
    if place != name and not place.startswith(f"{name}/"):
        return None
    return Press(deed, place, sort if sort in SORTS else FIELD)


def is_pressed(form: MultiDict) -> bool:
    """Return whether a button of any editor sent the form: then it is to be drawn again, and nothing saved."""
    return BUTTON in form


def is_sent(form: MultiDict, name: str) -> bool:
    """Return whether an editor stood in the form."""
    return name in form


def read_rows(editor: Editor, form: MultiDict) -> tuple[LineRow, ...]:
    """Return the rows as the form left them, each made to fit the field that is chosen in it now."""
    places: dict[str, list[str]] = {}
    size = len(editor.name)
    for key in form:
        if key.startswith(f"{editor.name}/") and NUMBERS.match(key, size):
            places.setdefault(key.rpartition("/")[0], []).append(key)
            if sum(map(len, places.values())) > MAX_LINES:
                break
    reader = RowReader(editor, form, places)
    return tuple(reader.rows(editor.name, editor.entity))


class RowReader:
    """Reads rows out of one form."""

    def __init__(self, editor: Editor, form: MultiDict, places: dict[str, list[str]]) -> None:
        self.editor, self.form, self.places = editor, form, places

    def rows(self, parent: str, entity: Entity) -> Iterator[LineRow]:
        """Yield the rows below a place."""
        for place in self.places.get(parent, ()):
            yield READERS.get(self.form[place], RowReader._words)(self, place, entity)

    def _part(self, place: str, name: str) -> str:
        return self.form.get(f"{place}.{name}", "")

    def _texts(self, place: str) -> tuple[str, ...]:
        return tuple(text.replace("\r\n", "\n") for text in self.form.getlist(f"{place}.v"))

    def _field(self, place: str, entity: Entity) -> LineRow:
        path = trim_path(self.editor, entity, self.form.getlist(f"{place}.p"))
        meant = find_meant(self.editor, entity, path)
        if meant is None:
            return LineRow(place)
        operator = self._part(place, "o")
        if not fits(self.editor, meant, operator):
            operator = next(iter(operators_of(self.editor, meant)), "")
        return self._valued(LineRow(place, path=path, operator=operator), meant)

    def _valued(self, row: LineRow, meant: Meant) -> LineRow:
        """Return the row with the texts that were sent, as far as they are of the control it has now."""
        wanted, sent = control_of(meant, row.operator), self._part(row.place, "c")
        texts = self._texts(row.place)
        if sent == FORMULA and may_be_formula(wanted, row.operator):
            return replace(row, control=FORMULA, values=texts, kept=self._part(row.place, "k"))
        if sent != wanted:
            return replace(row, control=wanted)
        return replace(
            row, control=wanted, values=shaped(texts, wanted, row.operator), kept=self._part(row.place, "k")
        )

    def _group(self, place: str, entity: Entity) -> LineRow:
        name = self._part(place, "g")
        return LineRow(
            place, GROUP, group=name if name in GROUPS else "any", rows=tuple(self.rows(place, entity))
        )

    def _children(self, place: str, entity: Entity) -> LineRow:
        name, over = self._part(place, "g"), self._part(place, "over")
        name = name if name in AGGREGATES else "any_of"
        inverse = find_children(self.editor, entity, over)
        if inverse is None:
            over = first_children(self.editor, entity)
            inverse = find_children(self.editor, entity, over)
        if inverse is None:
            return LineRow(place, CHILDREN, group=name)
        child = self.editor.schema.entities[inverse.entity]
        row = LineRow(place, CHILDREN, group=name, over=over, rows=tuple(self.rows(place, child)))
        if name in ("any_of", "none_of"):
            return row
        operator = self._part(place, "o")
        row = replace(row, operator=operator if operator in COUNTED else "at_least")
        if name == "sum_of":
            row = replace(row, summed=self._summed(place, child))
        return self._valued(row, meant_number(child))

    def _summed(self, place: str, child: Entity) -> str:
        path = tuple(self._part(place, "s").split("."))
        meant = find_meant(self.editor, child, path)
        return ".".join(path) if meant is not None else first_number(self.editor, child)

    def _formula(self, place: str, _entity: Entity) -> LineRow:
        return LineRow(place, FORMULA, values=self._texts(place))

    def _words(self, place: str, _entity: Entity) -> LineRow:
        return LineRow(place, WORDS, values=self._texts(place))


READERS = {
    FIELD: RowReader._field,
    GROUP: RowReader._group,
    CHILDREN: RowReader._children,
    FORMULA: RowReader._formula,
    WORDS: RowReader._words,
}


def may_be_formula(control: str, operator: str) -> bool:
    """Return whether a formula may replace a control's value."""
    return control not in ("", "span", "segment") and operator not in LISTED


def shaped(texts: tuple[str, ...], control: str, operator: str) -> tuple[str, ...]:
    """Return texts as an operator wants them: one value of a list stays when one is asked for."""
    if operator in LISTED:
        if control in SELECTS:
            return tuple(dict.fromkeys(text for text in texts if text.strip()))
        return (" ".join(filter(None, texts)),) if len(texts) > 1 else texts
    count = width_of(control) * (2 if operator in PAIRED else 1)
    return tuple(text if operator in PAIRED else text.partition("\n")[0] for text in texts[:count])


# --- What a button does --------------------------------------------------------------------------------


def press(editor: Editor, rows: tuple[LineRow, ...], pressed: Press) -> tuple[LineRow, ...]:
    """Return the rows after a button was pressed."""
    if pressed.deed == "add":
        return add_row(editor, rows, pressed)
    if pressed.deed == "remove":
        return change_row(rows, pressed.place, lambda _row: None)
    if pressed.deed == "formula":
        entity = entity_at(editor, rows, pressed.place)
        return change_row(rows, pressed.place, lambda row: with_other_control(editor, entity, row))
    return rows


def add_row(editor: Editor, rows: tuple[LineRow, ...], pressed: Press) -> tuple[LineRow, ...]:
    """Return the rows with an empty one at the end of the editor, a group or the conditions of children."""
    if pressed.place == editor.name:
        return (*rows, new_row(editor, editor.entity, pressed.sort, next_place(rows, editor.name)))

    def add(row: LineRow) -> LineRow:
        entity = entity_at(editor, rows, row.place, within=True)
        return replace(
            row, rows=(*row.rows, new_row(editor, entity, pressed.sort, next_place(row.rows, row.place)))
        )

    return change_row(rows, pressed.place, add)


def next_place(rows: tuple[LineRow, ...], parent: str) -> str:
    """Return a place no row has yet."""
    numbers = [int(row.place.rpartition("/")[2]) for row in rows]
    return f"{parent}/{max(numbers, default=-1) + 1}"


def change_row(
    rows: tuple[LineRow, ...], place: str, change: Callable[[LineRow], LineRow | None]
) -> tuple[LineRow, ...]:
    """Return the rows with one of them changed, or gone where the change gives None."""
    found = []
    for row in rows:
        if row.place == place:
            row = change(row)
        elif place.startswith(f"{row.place}/"):
            row = replace(row, rows=change_row(row.rows, place, change))
        found += [] if row is None else [row]
    return tuple(found)


def with_other_control(editor: Editor, entity: Entity, row: LineRow) -> LineRow:
    """Return a row that takes a formula in place of its value, or a value again."""
    if row.control != FORMULA:
        return replace(row, control=FORMULA, values=(), kept="")
    inverse = find_children(editor, entity, row.over) if row.sort == CHILDREN else None
    meant = find_meant(editor, entity, row.path)
    if inverse is not None:
        meant = meant_number(editor.schema.entities[inverse.entity])
    control = control_of(meant, row.operator) if meant is not None else ""
    return replace(row, control=control, values=(), kept="")


def entity_at(editor: Editor, rows: tuple[LineRow, ...], place: str, within: bool = False) -> Entity:
    """Return the entity whose fields a row names; `within`: those that the rows in it name."""
    entity = editor.entity
    for row in rows:
        if row.place == place or place.startswith(f"{row.place}/"):
            is_inside = within or row.place != place
            inverse = find_children(editor, entity, row.over) if row.sort == CHILDREN and is_inside else None
            if inverse is not None:
                entity = editor.schema.entities[inverse.entity]
            if row.place == place:
                return entity
            return entity_at(replace(editor, entity=entity), row.rows, place, within)
    return entity
