"""The steps of a rule as a tree of nodes: read from a document or from a form, changed by a button, written back.

A node keeps its id while it is edited, so that whatever was typed into it stays when it is moved. A form sends its
nodes in their order: `node` is an id, `<id>.in` the list it stands in, `<id>.is` what it is, `<id>.was` what it held.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from workflows.actions import ACTIONS
from workflows.actions.base import NOTHING
from workflows.editor.parts import MISSING, Part, Surroundings, parts_of, with_value
from workflows.editor.sent import Reader, Sent, as_yaml, at, name_of, put

STEP, RAW, IF, ELSE = "step", "raw", "if", "else"
THEN = "then"
MOST_NODES = 400

Lines = Callable[[str, str, Any], Any]
"""Returns the condition lines of an editor's name, of an entity, as a form holds them, else those of before."""


@dataclass
class Node:
    """A step, or a branch of one.

    Shape:  `kind` is one of the four words, `word` an action's. `value` is what stands behind the word; of a raw step
            the whole step, of a branch its condition lines. `lists` holds the nodes below, by the name of their list.
            `path` leads to it in the rule's document.
    """

    id: str
    kind: str
    word: str = ""
    value: Any = MISSING
    lists: dict[str, list[Node]] = attribute(default_factory=dict)
    path: tuple = ()

    @property
    def branches(self) -> str:
        """The name of the list of its branches."""
        return f"{self.id}.branches"

    @property
    def then(self) -> str:
        """The name of the list of a branch's steps."""
        return f"{self.id}.then"


Tree = dict[str, list[Node]]
"""The lists of nodes by name; `then` is the rule's own."""


def leaves(part: Part, value: Any) -> Iterator[Part]:
    """Yield every part without parts that is drawn for a value."""
    if part.control == "group":
        for one in part.parts:
            yield from leaves(one, value)
    else:
        yield part


# From a document


class _Planter:
    def __init__(self, around: Surroundings) -> None:
        self.around, self.number = around, 0

    def new_id(self) -> str:
        self.number += 1
        return f"s{self.number}"

    def steps(self, steps: Any) -> list[Node]:
        return [self.step(step) for step in steps] if isinstance(steps, list) else []

    def step(self, step: Any) -> Node:
        word, value = (step, MISSING) if isinstance(step, str) else _word_and_value(step)
        action = ACTIONS.get(word)
        if action is None or not action.is_available or (action.has_branches and not _are_branches(value)):
            return Node(self.new_id(), RAW, value=step)
        node = Node(self.new_id(), STEP, word, value)
        if action.has_branches:
            node.lists[node.branches] = [self.branch(one) for one in value]
            return node
        for part in leaves(parts_of(action, value, self.around), value):
            if part.control == "steps":
                below = at(value, part.path)
                node.lists[name_of(node.id, part.path)] = self.steps(below)
        return node

    def branch(self, body: Mapping) -> Node:
        kind = ELSE if "else" in body else IF
        node = Node(self.new_id(), kind, value=body.get("if", []))
        node.lists[node.then] = self.steps(body.get("else" if kind == ELSE else "then"))
        return node


def _word_and_value(step: Any) -> tuple[str, Any]:
    if isinstance(step, Mapping) and len(step) == 1:
        word, value = next(iter(step.items()))
        return str(word), MISSING if value is None else value
    return "", MISSING


def _are_branches(value: Any) -> bool:
    def is_branch(one: Any) -> bool:
        return isinstance(one, Mapping) and set(one) in ({"if", "then"}, {"else"}, {"if"}, {"then"}, set())

    return isinstance(value, list) and all(map(is_branch, value))


def plant(steps: Any, around: Surroundings) -> Tree:
    """Return the tree of a document's steps."""
    return {THEN: _Planter(around).steps(steps)}


# From a form


def read_tree(sent: Sent) -> Tree:
    """Return the tree a form holds, each node with the value it was drawn with."""
    lists: Tree = {THEN: []}
    nodes: dict[str, Node] = {}
    for key in sent.get("node", [])[:MOST_NODES]:
        kind, _, word = sent.get(f"{key}.is", [""])[0].partition(":")
        place = sent.get(f"{key}.in", [""])[0]
        owner = nodes.get(place.partition(".")[0])
        if key in nodes or kind not in (STEP, RAW, IF, ELSE) or (place != THEN and owner is None):
            continue
        if kind == STEP and word not in ACTIONS:
            continue
        nodes[key] = node = Node(key, kind, word, _was(sent, key))
        (lists[THEN] if place == THEN else owner.lists.setdefault(place, [])).append(node)
    return lists


def _was(sent: Sent, key: str) -> Any:
    text = sent.get(f"{key}.was", [""])[0]
    try:
        return json.loads(text) if text else MISSING
    except (ValueError, RecursionError):
        return MISSING


def was_text(value: Any) -> str:
    """Return what a node held as its form sends it back."""
    return "" if value is MISSING else json.dumps(value, ensure_ascii=False, default=str)


# What a button does


def press(tree: Tree, deed: str, place: str, word: str) -> str:
    """Change the tree as a button says; return the id of what was touched.

    Shape:  `place` is the name of a list to add to, or the id of a node. Anything else changes nothing.
    """
    if deed == "add":
        return _add(tree, place, word)
    for nodes in lists_of(tree).values():
        number = next((number for number, node in enumerate(nodes) if node.id == place), None)
        if number is None:
            continue
        node = nodes[number]
        if deed == "remove":
            nodes.pop(number)
            return nodes[min(number, len(nodes) - 1)].id if nodes else ""
        if deed in ("up", "down"):
            nodes.insert(max(0, number + (-1 if deed == "up" else 1)), nodes.pop(number))
        elif deed in (IF, ELSE):
            return _add_branch(tree, node, deed)
        return node.id
    return ""


def _add(tree: Tree, place: str, word: str) -> str:
    action = ACTIONS.get(word)
    lists = lists_of(tree)
    if action is None or not action.is_available or (place not in lists and not _may_hold(tree, place)):
        return ""
    node = Node(next_id(tree), STEP, word, MISSING if action.shape == NOTHING else {})
    if place in lists:
        lists[place].append(node)
    else:
        _node(tree, place.partition(".")[0]).lists[place] = [node]
    if action.has_branches:
        _add_branch(tree, node, IF)
    return node.id


def _may_hold(tree: Tree, place: str) -> bool:
    """Return whether an empty list of this name may stand in the tree: its node is there."""
    return place == THEN or _node(tree, place.partition(".")[0]) is not None


def _node(tree: Tree, key: str) -> Node | None:
    return next((node for nodes in lists_of(tree).values() for node in nodes if node.id == key), None)


def _add_branch(tree: Tree, node: Node, kind: str) -> str:
    branches = node.lists.setdefault(node.branches, [])
    last = branches[-1] if branches else None
    if kind == ELSE and last is not None and last.kind == ELSE:
        return last.id
    made = Node(next_id(tree), kind, value=[])
    made.lists[made.then] = []
    branches.insert(len(branches) - (kind == IF and last is not None and last.kind == ELSE), made)
    return made.id


def lists_of(tree: Tree) -> dict[str, list[Node]]:
    """Return every list in a tree, by name."""
    found = dict(tree)
    for nodes in tree.values():
        for node in nodes:
            found |= lists_of(node.lists)
    return found


def next_id(tree: Tree) -> str:
    """Return an id that no node has."""
    numbers = [
        int(node.id[1:]) for nodes in lists_of(tree).values() for node in nodes if node.id[1:].isdigit()
    ]
    return f"s{max(numbers, default=0) + 1}"


# Back to a document


@dataclass(frozen=True)
class Writer:
    """Writes the tree of a form as steps; what was not touched stays as it was written."""

    around: Surroundings
    sent: Sent
    lines: Lines

    def steps(self, nodes: list[Node], path: tuple) -> list[Any]:
        """Return the steps of a list, each node knowing its value and path from now on."""
        return [self.step(node, (*path, number)) for number, node in enumerate(nodes)]

    def step(self, node: Node, path: tuple) -> Any:
        """Return one step."""
        node.path = path
        if node.kind == RAW:
            text = self.sent.get(f"{node.id}.b", [""])[0].replace("\r\n", "\n")
            node.value = as_yaml(text) if text.strip() else node.value
            return node.value
        action = ACTIONS[node.word]
        if action.has_branches:
            node.value = self._branches(node, (*path, node.word))
        elif action.shape != NOTHING:
            node.value = self._body(node, action, (*path, node.word))
        return node.word if node.value is MISSING else {node.word: node.value}

    def _branches(self, node: Node, path: tuple) -> list[dict]:
        found = []
        for number, branch in enumerate(node.lists.get(node.branches, [])):
            branch.path = (*path, number)
            key = "else" if branch.kind == ELSE else "then"
            below = self.steps(branch.lists.get(branch.then, []), (*branch.path, key))
            if branch.kind == IF:
                branch.value = self.lines(f"{branch.id}.if", self.around.entity.name, branch.value)
            found.append({"if": branch.value, key: below} if branch.kind == IF else {key: below})
        return found

    def _body(self, node: Node, action: Any, path: tuple) -> Any:
        old = node.value
        part = parts_of(action, None if old is MISSING else old, self.around)
        value = Reader(self.sent, node.id, self._field).read(part, old)
        value = {} if value is MISSING and part.control == "group" else value
        order = [one.path[-1] for one in part.parts]
        for leaf in leaves(part, value):
            if leaf.control == "conditions":
                lines = self.lines(name_of(node.id, leaf.path), leaf.entity, at(old, leaf.path))
                value = self._put(value, leaf.path, lines if lines else MISSING, order)
            elif leaf.control == "steps":
                below = node.lists.get(name_of(node.id, leaf.path), [])
                steps = self.steps(below, (*path, *leaf.path))
                value = self._put(value, leaf.path, steps or MISSING, order)
        return value

    def _put(self, value: Any, path: tuple, inner: Any, order: list[str]) -> Any:
        if len(path) == 1 and isinstance(value, Mapping):
            return dict(put(value, path[0], inner, order))
        return value if inner is MISSING else with_value(value, path, inner)

    def _field(self, entity: str, name: str) -> Any:
        known = self.around.schema.entities.get(entity)
        return known.fields.get(name) if known else None


def place_all(nodes: list[Node], path: tuple = (THEN,)) -> None:
    """Tell every node of a planted tree where it stands in the document."""
    for number, node in enumerate(nodes):
        node.path = (*path, number)
        for name, below in node.lists.items():
            if name == node.branches:
                for place, branch in enumerate(below):
                    branch.path = (*node.path, node.word, place)
                    key = "else" if branch.kind == ELSE else "then"
                    place_all(branch.lists.get(branch.then, []), (*branch.path, key))
            else:
                place_all(below, (*node.path, node.word, *name.split(".")[2:]))
