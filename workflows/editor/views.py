"""What the form of a rule shows: its trigger, conditions and steps as parts and nodes that templates draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from flask_babel import gettext, pgettext
from markupsafe import Markup

from crm.drafts.keys import missing_languages
from crm.entities.yaml import write_yaml
from crm.fields.choice import all_choices
from crm.messages import render
from crm.texts import NP_, translate
from crm.web.forms.fields import FormField, Option
from workflows.actions import ACTIONS
from workflows.actions.base import NOTHING
from workflows.editor.forms import RULE, WHEN, Editors, Sent, only, settings
from workflows.editor.parts import MISSING, Part, Surroundings, parts_of, ways_from
from workflows.editor.sent import CLEARED, FORMULA, at, name_of, state_of, way_of
from workflows.editor.tree import ELSE, IF, RAW, THEN, Node, was_text
from workflows.rules.build import build_steps
from workflows.rules.words import member_label
from workflows.triggers import TRIGGERS
from workflows.triggers.base import NOTHING as NOTHING_BEHIND

UNITS = ("minutes", "hours", "days", "weeks", "months", "years")


@dataclass(frozen=True)
class Site:
    """Where parts are drawn: the node's id, the path behind its word in the document, and the lists below it."""

    node: str
    path: tuple = ()
    lists: Mapping[str, list[Node]] = attribute(default_factory=dict)


@dataclass(frozen=True)
class DrawnPart:
    """One part as the form draws it; which of these there are, its `control` says."""

    control: str
    name: str
    label: str
    field: FormField | None = None
    error: str = ""
    html: Markup = Markup("")
    parts: tuple[DrawnPart, ...] = ()
    ways: tuple[tuple[str, str, bool], ...] = ()
    texts: Mapping[str, str] = attribute(default_factory=dict)
    missing: tuple[str, ...] = ()
    rows: tuple[tuple[FormField, FormField], ...] = ()
    span: tuple[str, str] = ("", "")
    steps: DrawnList | None = None


@dataclass(frozen=True)
class DrawnNode:
    """One step or branch as the form draws it."""

    id: str
    kind: str
    place: str
    was: str
    errors: tuple[str, ...]
    has_focus: bool
    title: str
    sentence: str = ""
    part: DrawnPart | None = None
    html: Markup = Markup("")
    steps: DrawnList | None = None
    branches: DrawnList | None = None
    yaml: str = ""


@dataclass(frozen=True)
class DrawnList:
    """A list of nodes, by its name."""

    name: str
    nodes: tuple[DrawnNode, ...] = ()


class Drawer:
    """Draws the form of a rule."""

    def __init__(self, sent: Sent, around: Surroundings, editors: Editors, show_problems: bool) -> None:
        self.sent, self.around, self.editors = sent, around, editors
        self.errors = [(path, render(problem, around.language)) for path, problem in sent.problems]
        self.errors = self.errors if show_problems else []
        self.told: set[tuple] = set()

    def when(self) -> tuple[str, DrawnPart | None]:
        """Return the trigger's word and what stands behind it."""
        when = self.sent.body.get("when")
        word, value = (when, MISSING) if isinstance(when, str) else only(when)
        kind = TRIGGERS.get(word)
        if kind is None or kind.shape is NOTHING_BEHIND:
            return word, None
        part = parts_of(kind, None if value is MISSING else value, self.around)
        return word, self.part(part, Site(WHEN, ("when", word)), value)

    def settings(self) -> list[DrawnPart]:
        """Return the other keys of the rule; its label is the first."""
        body = self.sent.body
        return [self.part(part, Site(RULE), body) for part in settings(self.around.language)]

    def conditions(self) -> Markup:
        """Return the editor of the rule's own conditions."""
        label = gettext("Conditions (none: always)")
        return self.editors.draw(
            "if", self.around.entity.name, label, self.sent.body.get("if"), self.sent.form
        )

    def steps(self) -> DrawnList:
        """Return the steps."""
        return self.list(THEN, self.sent.tree[THEN])

    def list(self, name: str, nodes: Sequence[Node]) -> DrawnList:
        return DrawnList(name, tuple(self.node(node, name, number) for number, node in enumerate(nodes, 1)))

    def node(self, node: Node, place: str, number: int) -> DrawnNode:
        """Return one step or branch."""
        if node.kind in (IF, ELSE):
            return self._branch(node, place)
        made: dict[str, Any] = {"title": pgettext("label", "Step %(number)s", number=number)}
        if node.kind == RAW:
            made["yaml"] = write_yaml(node.value).rstrip("\n")
            return self._drawn(node, place, [], made)
        action, language = ACTIONS[node.word], self.around.language
        label = member_label(action, language)
        made["title"] = pgettext("label", "Step %(number)s: %(action)s", number=number, action=label)
        made["sentence"] = self._sentence(node)
        if action.has_branches:
            made["branches"] = self.list(node.branches, node.lists.get(node.branches, []))
        elif action.shape != NOTHING:
            part = parts_of(action, None if node.value is MISSING else node.value, self.around)
            made["part"] = self.part(part, Site(node.id, (*node.path, node.word), node.lists), node.value)
        inner = [one.path for nodes in node.lists.values() for one in nodes]
        return self._drawn(node, place, inner, made)

    def _drawn(self, node: Node, place: str, inner: Sequence[tuple], made: Mapping[str, Any]) -> DrawnNode:
        kind = f"{node.kind}:{node.word}" if node.word else node.kind
        errors = self._errors_at(node.path, inner)
        has_focus = node.id == self.sent.focus
        return DrawnNode(node.id, kind, place, was_text(node.value), errors, has_focus, **made)

    def _branch(self, node: Node, place: str) -> DrawnNode:
        title = pgettext("label", "Otherwise") if node.kind == ELSE else pgettext("title", "If")
        nodes = node.lists.get(node.then, [])
        made: dict[str, Any] = {"title": title, "steps": self.list(node.then, nodes)}
        if node.kind == IF:
            name, entity = f"{node.id}.if", self.around.entity.name
            made["html"] = self.editors.draw(name, entity, title, node.value, self.sent.form)
        return self._drawn(node, place, [one.path for one in nodes], made)

    def _sentence(self, node: Node) -> str:
        """Return what a step does, where nothing is wrong with it."""
        around = self.around
        if node.lists or any(path[: len(node.path)] == node.path for path, _problem in self.sent.problems):
            return ""
        body = node.word if node.value is MISSING else {node.word: node.value}
        [step] = build_steps([body], around.entity, around.schema)
        return ACTIONS[node.word].describe(step, around.schema, around.entity, around.language)

    def _errors_at(self, path: tuple, inner: Sequence[tuple] = ()) -> tuple[str, ...]:
        """Return the sentences about a place and below it, without those told elsewhere."""
        found = []
        for number, (place, sentence) in enumerate(self.errors):
            is_inner = any(place[: len(one)] == one for one in inner)
            if place[: len(path)] == path and not is_inner and (number,) not in self.told:
                self.told.add((number,))
                found.append(sentence)
        return tuple(dict.fromkeys(found))

    def _error_of(self, path: tuple) -> str:
        for number, (place, sentence) in enumerate(self.errors):
            problem = self.sent.problems[number][1]
            is_missing = place == path[:-1] and problem.params.get("key") == path[-1]
            if (place[: len(path)] == path or is_missing) and (number,) not in self.told:
                self.told.add((number,))
                return sentence
        return ""

    def rest(self) -> list[str]:
        """Return the sentences that stand nowhere else; asked last."""
        return list(self._errors_at(()))

    # Parts

    def part(self, part: Part, site: Site, value: Any) -> DrawnPart:
        """Return one part; `value` is what stands behind the node's word."""
        name, mine = name_of(site.node, part.path), at(value, part.path)
        if part.control == "steps":
            return DrawnPart("steps", name, part.label, steps=self.list(name, site.lists.get(name, [])))
        if part.control == "conditions":
            html = self.editors.draw(name, part.entity, part.label, mine, self.sent.form)
            return DrawnPart("conditions", name, part.label, html=html)
        if part.control == "group":
            inner = tuple(self.part(one, site, value) for one in part.parts)
            return DrawnPart("group", name, part.label, parts=inner)
        if part.control == "ways":
            return self._ways(part, site, value)
        error = self._error_of((*site.path, *part.path))
        found = getattr(self, f"_{part.control}", self._word)(part, mine)
        plain = {"name": name, "label": part.label, "error": error, "prefix": "rule", "sends_empty": False}
        field = FormField(**plain, **found.pop("field", {}))
        return DrawnPart(part.control, name, part.label, field, error, **self._named(found, name))

    def _ways(self, part: Part, site: Site, value: Any) -> DrawnPart:
        chosen = way_of(part, at(value, part.path))
        ways = tuple((str(number), way.label, number == chosen) for number, way in enumerate(part.parts))
        inner = self.part(part.parts[chosen], site, value)
        return DrawnPart("ways", name_of(site.node, part.path), part.label, ways=ways, parts=(inner,))

    @staticmethod
    def _named(found: dict[str, Any], name: str) -> dict[str, Any]:
        def field(end: str, number: int, drawn: Mapping[str, Any]) -> FormField:
            return FormField(name=f"{name}.{end}", prefix=f"rule{number}", sends_empty=False, **drawn)

        rows = enumerate(found.get("rows", ()))
        return {
            **found,
            "rows": tuple((field("k", n, key), field("v", n, value)) for n, (key, value) in rows),
        }

    def _word(self, part: Part, value: Any) -> dict[str, Any]:
        return {"field": {"value": state_of(part, value)[""][0], "direction": "auto"}}

    def _number(self, part: Part, value: Any) -> dict[str, Any]:
        return {"field": {"value": state_of(part, value)[""][0], "control": "number"}}

    def _scalar(self, part: Part, value: Any) -> dict[str, Any]:
        return self._word(part, value)

    def _time(self, part: Part, value: Any) -> dict[str, Any]:
        return {"field": {"value": state_of(part, value)[""][0], "direction": "ltr", "hint": "08:00"}}

    def _long(self, part: Part, value: Any) -> dict[str, Any]:
        return {"field": {"value": state_of(part, value)[""][0], "control": "textarea"}}

    def _yaml(self, part: Part, value: Any) -> dict[str, Any]:
        return {"field": {"value": state_of(part, value)[""][0], "control": "textarea", "direction": "ltr"}}

    def _flag(self, part: Part, value: Any) -> dict[str, Any]:
        return {"field": {"value": str(value is True).lower(), "control": "checkbox"}}

    def _choose(self, part: Part, value: Any) -> dict[str, Any]:
        [text] = state_of(part, value)[""]
        return {"field": {"value": text, "control": "select", "options": _options(part, [text])}}

    def _several(self, part: Part, value: Any) -> dict[str, Any]:
        words = state_of(part, value)[""]
        return {"field": {"values": tuple(words), "control": "multi", "options": _options(part, words)}}

    def _recipients(self, part: Part, value: Any) -> dict[str, Any]:
        state = state_of(part, value)
        field = {"values": tuple(state[""]), "control": "multi", "options": _options(part, state[""])}
        more = state[".more"][0]
        return {"field": field, "texts": {"more": more} if part.takes_addresses or more else {}}

    def _texts(self, part: Part, value: Any) -> dict[str, Any]:
        known = {key.removeprefix("."): words[0] for key, words in state_of(part, value).items()}
        missing = missing_languages(value) if isinstance(value, Mapping) else []
        return {"texts": known, "missing": tuple(missing)}

    def _span(self, part: Part, value: Any) -> dict[str, Any]:
        state = state_of(part, value)
        return {"span": (state[""][0], state[".u"][0] or "days")}

    def _value(self, part: Part, value: Any) -> dict[str, Any]:
        text = state_of(part, value)[""][0]
        return {"field": self._value_field(part.entity, part.field, text, clears=True)}

    def _values(self, part: Part, value: Any) -> dict[str, Any]:
        state = state_of(part, value)
        entity = self.around.schema.entities.get(part.entity)
        fields = entity.fields.values() if entity else ()
        names = [Option(field.name, field.label.get(self.around.language)) for field in fields]
        rows = []
        for key, text in (*zip(state[".k"], state[".v"], strict=True), ("", "")):
            unknown = [Option(key, key)] if key and key not in {one.value for one in names} else []
            label = pgettext("label", "Field")
            rows.append((
                {"label": label, "control": "select", "value": key, "options": (*names, *unknown)},
                {"label": pgettext("label", "Value"), **self._value_field(part.entity, key, text)},
            ))  # fmt: skip
        return {"rows": rows}

    def _value_field(self, entity: str, name: str, text: str, clears: bool = False) -> dict[str, Any]:
        """Return the control of a value for a field: its choices, else a text that may be a formula."""
        known = self.around.schema.entities.get(entity)
        field = known.fields.get(name) if known else None
        choices = all_choices(field) if field is not None and field.options.get("choices") else {}
        language = self.around.language
        if not choices or (text and text not in (*choices, CLEARED)):
            hint = gettext("A value, “= formula” or a text with {field}")
            return {
                "value": text,
                "hint": hint,
                "help": gettext("“null” clears the field.") if clears else "",
            }
        options = [Option(key, _choice_label(choice, key, language)) for key, choice in choices.items()]
        more = [Option(CLEARED, gettext("— (clear the field)"))] if clears else []
        options += [*more, Option(FORMULA, pgettext("option", "Formula…"))]
        return {"control": "select", "value": text, "options": tuple(options)}


def _choice_label(choice: Any, key: str, language: str) -> str:
    label = getattr(choice, "label", None)
    return label.get(language) if label else key


def _options(part: Part, chosen: Sequence[str]) -> tuple[Option, ...]:
    known = {key for key, _label in part.options}
    others = [Option(word, word) for word in chosen if word and word not in known]
    return (*(Option(key, label) for key, label in part.options), *others)


def triggers(language: str) -> list[Option]:
    """Return the triggers there are to choose from."""
    return [
        Option(kind.name, member_label(kind, language)) for kind in TRIGGERS.values() if kind.is_available
    ]


def actions(language: str) -> list[Option]:
    """Return the actions there are to choose from."""
    return [Option(one.name, member_label(one, language)) for one in ACTIONS.values() if one.is_available]


def units(language: str) -> list[Option]:
    """Return the units of time."""
    names = {
        "minutes": NP_("unit", "minutes"), "hours": NP_("unit", "hours"), "days": NP_("unit", "days"),
        "weeks": NP_("unit", "weeks"), "months": NP_("unit", "months"), "years": NP_("unit", "years"),
    }  # fmt: skip
    return [Option(unit, translate(names[unit], language)) for unit in UNITS]


def placeholders(around: Surroundings) -> list[tuple[str, str]]:
    """Return what texts may name in braces, with what it is called."""
    found = ways_from(around.entity, around.schema, around.language)
    return [(f"{{{way}}}", label) for way, label in found][:120]
