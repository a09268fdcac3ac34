"""The rows of an editor of conditions as its templates draw them: every choice with its label, every control's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute

from crm.conditions.operators import COUNTED
from crm.conditions.tree.kinds import SYSTEM_FIELDS
from crm.entities.model import Entity
from crm.texts import N_, NP_, translate
from crm.web.conditions.editor import (
    RECORD,
    Editor,
    Meant,
    children_of,
    find_children,
    find_meant,
    label_of_operator,
    numbers_of,
    operators_of,
    segments_beside,
    segments_of,
)
from crm.web.conditions.form import may_be_formula
from crm.web.conditions.rows import CHILDREN, FIELD, FORMULA, GROUP, LineRow, meant_number
from crm.web.conditions.values import ID, LISTED, PAIRED, SELECTS, UNITS, width_of
from crm.web.forms.fields import Option

GROUPS = {
    "all": N_("All of these"),
    "any": N_("At least one of these"),
    "none": N_("None of these"),
}
AGGREGATES = {
    "any_of": N_("at least one record exists"),
    "none_of": N_("no record exists"),
    "count_of": N_("Number of records"),
    "sum_of": N_("Total of a field"),
}
UNIT_LABELS = {
    "hours": NP_("unit", "hours"),
    "days": NP_("unit", "days"),
    "weeks": NP_("unit", "weeks"),
    "months": NP_("unit", "months"),
    "years": NP_("unit", "years"),
}


@dataclass(frozen=True)
class Choice:
    """One select.

    Shape:  `options` by their heading, "" for none; `value` is what is chosen.
    """

    value: str
    options: Mapping[str, list[Option]]


@dataclass(frozen=True)
class Input:
    """The control of one value: its kind, what it holds, and what it offers.

    Shape:  `texts` has one text, or two for a moment or a span; of a select of several, all that are chosen.
    """

    control: str
    texts: tuple[str, ...]
    options: list[Option] = attribute(default_factory=list)
    lookup: str = ""
    several: bool = False


@dataclass(frozen=True)
class Drawn:
    """One row, ready to be drawn; what does not belong to its sort is empty."""

    row: LineRow
    number: str
    names: list[Choice] = attribute(default_factory=list)
    operator: Choice | None = None
    inputs: list[Input] = attribute(default_factory=list)
    group: Choice | None = None
    over: Choice | None = None
    summed: Choice | None = None
    may_be_formula: bool = False
    rows: list[Drawn] = attribute(default_factory=list)
    child_label: str = ""
    has_children: bool = False
    error: str = ""

    @property
    def id(self) -> str:
        """Return the id of the row in the page."""
        return id_of(self.row.place)


def id_of(place: str) -> str:
    """Return a place as an id of the page.

    >>> id_of("fields.amount.show_if/0/2")
    'fields-amount-show_if-0-2'
    """
    return "".join(sign if sign.isalnum() or sign in "_-" else "-" for sign in place)


class Drawer:
    """Prepares rows for their templates; `errors` are sentences by the place of a row."""

    def __init__(self, editor: Editor, errors: Mapping[str, str]) -> None:
        self.editor, self.errors, self.language = editor, errors, editor.language

    def rows(self, rows: Iterable[LineRow], entity: Entity, before: str = "") -> list[Drawn]:
        """Return the rows as they are drawn, numbered for readers of screen readers."""
        return [self.row(row, entity, f"{before}{number}") for number, row in enumerate(rows, 1)]

    def row(self, row: LineRow, entity: Entity, number: str) -> Drawn:
        """Return one row as it is drawn."""
        error = self.errors.get(row.place, "")
        if row.sort == FIELD:
            return self._field(row, entity, number, error)
        if row.sort == GROUP:
            inner = self.rows(row.rows, entity, f"{number}.")
            has_children = self.has_children(entity)
            group = Choice(row.group, {"": self._said(GROUPS)})
            return Drawn(row, number, group=group, rows=inner, has_children=has_children, error=error)
        return (
            self._children(row, entity, number, error)
            if row.sort == CHILDREN
            else Drawn(row, number, error=error)
        )

    def has_children(self, entity: Entity) -> bool:
        """Return whether there are children one can ask about."""
        return next(iter(children_of(self.editor, entity)), None) is not None

    def _said(self, words: Mapping[str, str]) -> list[Option]:
        return [Option(name, translate(label, self.language)) for name, label in words.items()]

    def _field(self, row: LineRow, entity: Entity, number: str, error: str) -> Drawn:
        names = list(self._names(row.path, entity))
        meant = find_meant(self.editor, entity, row.path)
        if meant is None:
            return Drawn(row, number, names, error=error)
        return Drawn(
            row,
            number,
            names,
            operator=self._operators(meant, row.operator),
            inputs=self._inputs(row, meant),
            may_be_formula=may_be_formula(row.control, row.operator) and bool(row.control),
            error=error,
        )

    def _names(self, path: tuple[str, ...], entity: Entity) -> Iterable[Choice]:
        """Yield a select for each name of a path, and one more where it ends with a reference."""
        place: Entity | None = entity
        for depth, name in enumerate((*path, "")):
            if place is None or path[:1] == (RECORD,) and depth:
                return
            options = self._fields(place)
            if not depth and segments_of(self.editor, entity.name):
                label = translate(NP_("operator", "This record"), self.language)
                options[""].insert(0, Option(RECORD, label))
            yield Choice(name, options)
            place = self.editor.target(self.editor.readable(place).get(name))

    def _fields(self, entity: Entity) -> dict[str, list[Option]]:
        fields = self.editor.readable(entity)
        own = [Option(name, field.label.get(self.language)) for name, field in fields.items()]
        system = [
            Option(name, translate(label, self.language))
            for name, (_kind, label) in SYSTEM_FIELDS.items()
            if name not in entity.fields
        ]
        return {"": own, translate(N_("In every record"), self.language): system}

    def _operators(self, meant: Meant, chosen: str) -> Choice:
        offered = operators_of(self.editor, meant)
        if chosen not in offered:
            offered.append(chosen)
        labels = [Option(name, label_of_operator(name, meant.kind, self.language)) for name in offered]
        return Choice(chosen, {"": labels})

    def _inputs(self, row: LineRow, meant: Meant) -> list[Input]:
        """Return the controls of a row's value: none, one, two, or one for a list."""
        if not row.control:
            return []
        options, lookup = self._options(row, meant)
        if row.operator in LISTED:
            several = row.control in SELECTS
            texts = row.values if several else (*row.values, "")[:1]
            return [Input(row.control if several else "lines", texts, options, lookup, several)]
        width, count = width_of(row.control), 2 if row.operator in PAIRED else 1
        texts = (*row.values, *[""] * (width * count))
        return [
            Input(row.control, texts[at * width : (at + 1) * width], options, lookup) for at in range(count)
        ]

    def _options(self, row: LineRow, meant: Meant) -> tuple[list[Option], str]:
        """Return what a select offers, what is chosen in it first, and the address that finds more."""
        if row.control == "choice":
            labels = {name: choice.label.get(self.language) for name, choice in meant.choices.items()}
            return self._chosen_first(row, labels), ""
        if row.control == "segment":
            return self._chosen_first(row, dict(segments_beside(self.editor, meant))), ""
        if row.control == "user":
            me = (
                translate(NP_("phrase", "me"), self.language),
                translate(NP_("phrase", "my team"), self.language),
            )
            known = {"me": me[0], "my_team": me[1], **self._titles("", row.values)}
            return self._chosen_first(row, known), f"/lookup/{meant.entity.name}/created_by"
        if row.control == "record" and meant.field is not None:
            target = str(meant.field.options.get("to"))
            return self._chosen_first(row, self._titles(target, row.values)), f"/lookup/{target}/id"
        return ([Option(unit, translate(UNIT_LABELS[unit], self.language)) for unit in UNITS], "")

    def _titles(self, entity: str, texts: Iterable[str]) -> dict[str, str]:
        ids = [int(text) for text in texts if ID.match(text)]
        return (
            {str(number): title for number, title in self.editor.titles(entity, ids).items()} if ids else {}
        )

    def _chosen_first(self, row: LineRow, labels: Mapping[str, str]) -> list[Option]:
        """Return options; of a select of several, the chosen ones come first, in the order they were chosen."""
        unknown = [text for text in row.values if text and text not in labels]
        first = [text for text in row.values if text] if row.operator in LISTED else []
        names = dict.fromkeys((*first, *labels, *unknown))
        return [Option(name, labels.get(name, f"#{name}" if ID.match(name) else name)) for name in names]

    def _children(self, row: LineRow, entity: Entity, number: str, error: str) -> Drawn:
        inverse = find_children(self.editor, entity, row.over)
        if inverse is None:
            return Drawn(row, number, group=Choice(row.group, {"": self._said(AGGREGATES)}), error=error)
        child = self.editor.schema.entities[inverse.entity]
        is_counted = row.group in ("count_of", "sum_of")
        return Drawn(
            row,
            number,
            group=Choice(row.group, {"": self._said(AGGREGATES)}),
            over=Choice(row.over, {"": self._children_options(row, entity)}),
            summed=self._summed(row, child) if row.group == "sum_of" else None,
            operator=self._counted(row.operator) if is_counted else None,
            inputs=self._inputs(row, meant_number(child)) if is_counted else [],
            may_be_formula=is_counted and row.operator not in LISTED,
            rows=self.rows(row.rows, child, f"{number}."),
            child_label=inverse.label.get(self.language),
            has_children=self.has_children(child),
            error=error,
        )

    def _children_options(self, row: LineRow, entity: Entity) -> list[Option]:
        found = []
        for path, inverse in children_of(self.editor, entity):
            label = inverse.label.get(self.language)
            if "." in path:
                way = entity.fields[path.split(".")[0]].label.get(self.language)
                label = f"{way} › {label}"
            found.append(Option(path, label))
        if row.over not in {option.value for option in found}:
            found.append(Option(row.over, row.over))
        return found

    def _summed(self, row: LineRow, child: Entity) -> Choice:
        options = [Option(path, label) for path, label in numbers_of(self.editor, child)]
        if row.summed not in {option.value for option in options}:
            options.append(Option(row.summed, row.summed))
        return Choice(row.summed, {"": options})

    def _counted(self, chosen: str) -> Choice:
        labels = [Option(name, label_of_operator(name, "number", self.language)) for name in COUNTED]
        return Choice(chosen, {"": labels})


__all__ = ["AGGREGATES", "FORMULA", "GROUPS", "Drawer", "Drawn", "id_of"]
