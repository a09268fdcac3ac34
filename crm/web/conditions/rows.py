"""Condition lines as rows of a form, and back: what is not changed comes back exactly as it was.

A line that the controls cannot express becomes a row of text, unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.conditions.language.lines import AGGREGATES, GROUPS
from crm.conditions.operators import COUNTED, FLAGS, OPERATORS
from crm.conditions.tree.kinds import is_formula
from crm.conditions.tree.model import NUMBER
from crm.entities.model import Entity
from crm.entities.yaml import read_yaml
from crm.web.conditions.editor import (
    RECORD,
    Editor,
    Meant,
    find_children,
    find_meant,
    numbers_of,
    operators_of,
)
from crm.web.conditions.values import (
    LISTED,
    Texts,
    control_of,
    is_unfinished,
    json_of,
    load_json,
    read_value,
    same,
    show_value,
)

FIELD, GROUP, CHILDREN, FORMULA, WORDS = "field", "group", "children", "formula", "text"
SORTS = (FIELD, GROUP, CHILDREN, FORMULA, WORDS)
KEPT = ("number", "text", "choice", "user", "record", "moment", "span", "formula")
MAX_NESTING = 5  # groups within groups; deeper ones are rows of text
MAX_TEXT = 20_000  # characters of a row of text
PAIRS = {(name, False): flag.opposite for name, flag in FLAGS.items()}
KEYS = {shown: key for key, shown in PAIRS.items()}
UNSAID: Any = object()
"""What a row says that asks nothing yet."""


@dataclass(frozen=True)
class LineRow:
    """One line of conditions as a form has it.

    Shape:  `place` names the row in the form: `if/3/1`. `values` are the texts of its value's controls, `control` the
            kind they are of. `kept` is the value as JSON, where the texts read back would be another one; it holds as
            long as they stay as they are. `group` is all, any, none, or how `over`, some children, are put into one
            value (of their field `summed`); `rows` are the lines within.
    """

    place: str
    sort: str = FIELD
    path: tuple[str, ...] = ()
    operator: str = ""
    control: str = ""
    values: Texts = ()
    kept: str = ""
    group: str = ""
    over: str = ""
    summed: str = ""
    rows: tuple[LineRow, ...] = ()


def rows_of(editor: Editor, entity: Entity, lines: Any, place: str, depth: int = 0) -> tuple[LineRow, ...]:
    """Return the rows of condition lines; a single line needs no list, None means no lines."""
    listed = [] if lines is None else list(lines) if isinstance(lines, list | tuple) else [lines]
    return tuple(
        row_of(editor, entity, line, f"{place}/{number}", depth) for number, line in enumerate(listed)
    )


def row_of(editor: Editor, entity: Entity, line: Any, place: str, depth: int = 0) -> LineRow:
    """Return the row of one line: with controls where these say exactly that, else as text."""
    row = _with_controls(editor, entity, line, place, depth)
    if row is not None and same(LineMaker(editor).line(row, entity, ()), line):
        return row
    return LineRow(place, WORDS, values=(text_of(line),))


def text_of(line: Any) -> str:
    """Return a line as text one can edit."""
    text = json.dumps(line, ensure_ascii=False, default=str)
    return text if text.isprintable() else json.dumps(line, default=str)


def _with_controls(editor: Editor, entity: Entity, line: Any, place: str, depth: int) -> LineRow | None:
    if not isinstance(line, Mapping) or not all(isinstance(key, str) for key in line):
        return None
    keys = set(line)
    if len(keys) == 1 and keys <= set(GROUPS) and depth < MAX_NESTING:
        (name,) = keys
        inner = rows_of(editor, entity, line[name], place, depth + 1)
        return LineRow(place, GROUP, group=name, rows=inner) if isinstance(line[name], list | tuple) else None
    aggregate = next((name for name in AGGREGATES if name in keys), "")
    if aggregate and depth < MAX_NESTING:
        return _children_row(editor, entity, line, LineRow(place, CHILDREN, group=aggregate), depth)
    if keys == {"formula"}:
        text = line["formula"]
        is_fine = (
            isinstance(text, str) and text.strip() == text != "" and (text.isprintable() or "\n" in text)
        )
        return LineRow(place, FORMULA, values=(text,)) if is_fine else None
    if keys == {"in_segment"}:
        return _field_row(editor, entity, {**line, "field": RECORD}, LineRow(place))
    return _field_row(editor, entity, line, LineRow(place))


def _field_row(editor: Editor, entity: Entity, line: Mapping, row: LineRow) -> LineRow | None:
    if len(line) != 2 or not isinstance(line.get("field"), str):
        return None
    path = tuple(line["field"].split("."))
    meant = find_meant(editor, entity, path)
    ((key, value),) = [(key, value) for key, value in line.items() if key != "field"]
    operator = PAIRS.get((key, value), key) if value is False else key
    if meant is None or not fits(editor, meant, operator):
        return None
    return _with_value(
        editor, meant, value if key == operator else True, replace(row, path=path, operator=operator)
    )


def fits(editor: Editor, meant: Meant, operator: str) -> bool:
    """Return whether an operator fits what a path leads to, including operators that the editor does not offer."""
    if (
        operator in OPERATORS
        and OPERATORS[operator].control == "text"
        and meant.choices
        and meant.field
        and not meant.field.encrypted
    ):
        return OPERATORS[operator].fits(meant.kind)
    return operator in operators_of(editor, meant)


def _with_value(editor: Editor, meant: Meant, value: Any, row: LineRow) -> LineRow | None:
    """Return the row with the texts of its value; None when controls cannot show it."""
    control = control_of(meant, row.operator)
    if control and row.operator not in LISTED and are_formulas(value):
        control = FORMULA
    texts = show_value(value, control, row.operator, editor.language)
    if texts is None:
        return None
    again = None if is_unfinished(texts, control, row.operator) else read_value(
        texts, control, row.operator, editor.language
    )  # fmt: skip
    kept = "" if same(again, value) else json_of(value)
    return replace(row, control=control, values=texts, kept=kept) if not kept or control in KEPT else None


def are_formulas(value: Any) -> bool:
    """Return whether a value, or both ends of one, are formulas."""
    return all(map(is_formula, value if isinstance(value, list) and value else [value]))


def _children_row(editor: Editor, entity: Entity, line: Mapping, row: LineRow, depth: int) -> LineRow | None:
    over, summed = split_over(editor, entity, line[row.group], row.group == "sum_of")
    inverse = find_children(editor, entity, over)
    if inverse is None:
        return None
    where = line.get("where")
    child = editor.schema.entities[inverse.entity]
    rows = rows_of(editor, child, where, row.place, depth + 1)
    row = replace(row, over=over, summed=summed, rows=rows)
    rest = [(key, value) for key, value in line.items() if key not in (row.group, "where")]
    if row.group in ("any_of", "none_of"):
        return row if not rest else None
    if len(rest) != 1 or rest[0][0] not in COUNTED:
        return None
    return _with_value(editor, meant_number(child), rest[0][1], replace(row, operator=rest[0][0]))


def meant_number(child: Entity) -> Meant:
    """Return what a count or sum of children is, for the operators beside it."""
    return Meant(NUMBER, child, "")


def split_over(editor: Editor, entity: Entity, text: Any, with_value: bool) -> tuple[str, str]:
    """Return the path of the children, and of the field of theirs that is added up."""
    if not isinstance(text, str):
        return "", ""
    if not with_value:
        return text, ""
    names = text.split(".")
    for size in range(1, len(names)):
        over = ".".join(names[:size])
        if find_children(editor, entity, over) is not None:
            return over, ".".join(names[size:])
    return text, ""


class LineMaker:
    """Makes lines of rows, and notes the place of each and which rows are unfinished.

    Shape:  `places` leads from a place in the lines, `(2, "any", 0)`, to the row's; `unfinished` are rows that have
            no value yet and make no line.
    """

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self.places: dict[tuple, str] = {}
        self.unfinished: list[str] = []

    def lines(self, rows: Iterable[LineRow], entity: Entity, path: tuple = ()) -> list[Any]:
        """Return the lines of rows that say something."""
        found: list[Any] = []
        for row in rows:
            here = (*path, len(found))
            line = self.line(row, entity, here)
            if line is not UNSAID:
                self.places[here] = row.place
                found.append(line)
        return found

    def line(self, row: LineRow, entity: Entity, path: tuple) -> Any:
        """Return the line of a row; `UNSAID` where nothing is asked yet."""
        return MAKERS[row.sort](self, row, entity, path)

    def _field(self, row: LineRow, entity: Entity, _path: tuple) -> Any:
        operator, value = self._asked(row) if row.path else (None, None)
        if operator is None:
            return UNSAID
        if row.path == (RECORD,):
            return {operator: value}
        return {"field": ".".join(row.path), operator: value}

    def _asked(self, row: LineRow) -> tuple[str | None, Any]:
        """Return the operator and the value as a line has them; (None, None) while there is no value."""
        key, fixed = KEYS.get(row.operator, (row.operator, None))
        if fixed is not None:
            return key, fixed
        if row.kept:
            value = self._kept(row)
            if value is not None:
                return key, value
        if is_unfinished(row.values, row.control, row.operator):
            self.unfinished.append(row.place)
            return None, None
        return key, read_value(row.values, row.control, row.operator, self.editor.language)

    def _kept(self, row: LineRow) -> Any:
        """Return the value as it was written, while its controls are as they were."""
        try:
            value = load_json(row.kept)
        except (ValueError, RecursionError):
            return None
        shown = show_value(value, row.control, row.operator, self.editor.language)
        return value if shown == row.values else None

    def _group(self, row: LineRow, entity: Entity, path: tuple) -> Any:
        lines = self.lines(row.rows, entity, (*path, row.group))
        return {row.group: lines} if lines else UNSAID

    def _children(self, row: LineRow, entity: Entity, path: tuple) -> Any:
        inverse = find_children(self.editor, entity, row.over)
        if inverse is None:
            return UNSAID
        over = f"{row.over}.{row.summed}" if row.group == "sum_of" else row.over
        where = self.lines(row.rows, self.editor.schema.entities[inverse.entity], (*path, "where"))
        line: dict[str, Any] = {row.group: over, **({"where": where} if where else {})}
        if row.group in ("any_of", "none_of"):
            return line
        operator, value = self._asked(row)
        return UNSAID if operator is None else {**line, operator: value}

    def _formula(self, row: LineRow, _entity: Entity, _path: tuple) -> Any:
        text = row.values[0].strip() if row.values else ""
        return {"formula": text} if text else UNSAID

    def _text(self, row: LineRow, _entity: Entity, _path: tuple) -> Any:
        return read_text(row.values[0]) if row.values and row.values[0].strip() else UNSAID


MAKERS = {
    FIELD: LineMaker._field,
    GROUP: LineMaker._group,
    CHILDREN: LineMaker._children,
    FORMULA: LineMaker._formula,
    WORDS: LineMaker._text,
}


def read_text(text: str) -> Any:
    """Return the line in a row of text, JSON or YAML; what is neither stays text, and is refused as a condition."""
    if len(text) > MAX_TEXT:
        return text[:MAX_TEXT]
    text = text.encode("utf-8", "replace").decode()
    try:
        return load_json(text)
    except (ValueError, RecursionError):
        found, reading = read_yaml(text)
        return text if reading.problems or found is None else found


def new_row(editor: Editor, entity: Entity, sort: str, place: str) -> LineRow:
    """Return an empty row of a sort, to be filled in."""
    if sort == GROUP:
        return LineRow(place, GROUP, group="any", rows=(LineRow(f"{place}/0"),))
    if sort == CHILDREN:
        return LineRow(place, CHILDREN, group="any_of", over=first_children(editor, entity))
    return LineRow(place, sort)


def first_children(editor: Editor, entity: Entity) -> str:
    """Return the first children one can ask about; "" when there are none."""
    return next((name for name in entity.inverses if find_children(editor, entity, name)), "")


def first_number(editor: Editor, entity: Entity) -> str:
    """Return the first field that can be added up; "" when there is none."""
    return next((path for path, _label in numbers_of(editor, entity)), "")
