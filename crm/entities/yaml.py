"""Strict reading and canonical writing of YAML: plain data with the place of everything in it, or problems."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import yaml

from crm.entities.model import Mark
from crm.errors import Problem

MAX_BYTES = 2_000_000
MAX_DEPTH = 24
LINE = 120  # characters; what fits is written in one line
DEEPEST_LINE = 2  # collections within one another in one line
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
WHOLE = re.compile(r"-?(0|[1-9][0-9]*)\Z")
BROKEN = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z")
RARE_BREAKS = re.compile("[\r\x85\u2028\u2029]")
WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class ParsedYaml:
    """One text being read: its data, the place of every path, and the problems on the way."""

    def __init__(self) -> None:
        self.marks: dict[tuple, Mark] = {}
        self.problems: list[Problem] = []

    def refuse(self, code: str, mark: Any, **params: object) -> None:
        """Note a problem at a place of the text."""
        self.problems.append(Problem(code, params, line=mark.line + 1, column=mark.column + 1))

    def data(self, node: yaml.Node, path: tuple = (), key: yaml.Node | None = None) -> Any:
        """Return a node as plain data, noting the place of everything in it; `key` is what it stands under."""
        self.marks[path] = _mark_of(node, key or node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.data(child, (*path, index)) for index, child in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: tuple) -> dict:
        found: dict = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.refuse("schema.key_not_text", key_node.start_mark)
                continue
            key = key_node.value
            if key in found:
                self.refuse("schema.duplicate_key", key_node.start_mark, key=key)
                continue
            found[key] = self.data(value_node, (*path, key), key_node)
        return found


def _mark_of(node: yaml.Node, key: yaml.Node) -> Mark:
    line, column = key.start_mark.line + 1, key.start_mark.column + 1
    if not isinstance(node, yaml.ScalarNode):
        return Mark(line, column)
    start, end, quotes = node.start_mark, node.end_mark, node.style in ("'", '"')
    width = end.column - start.column - 2 * quotes
    is_literal = start.line == end.line and width == len(node.value)
    return Mark(line, column, (start.line + 1, start.column + 1 + quotes), is_literal)


def _scalar(node: yaml.ScalarNode) -> Any:
    if node.style:  # quoted, or a block: always text
        return node.value
    if node.value in WORDS:
        return WORDS[node.value]
    if WHOLE.match(node.value) and len(node.value) < 19:
        return int(node.value)
    return float(node.value) if BROKEN.match(node.value) else node.value


def read_yaml(text: str) -> tuple[Any, ParsedYaml]:
    """Return the data of one document, and the parsed text that carries lines and problems.

    Shape:  data is None when the text cannot be read at all; every problem has a line.
    """
    parsed = ParsedYaml()
    if len(text.encode()) > MAX_BYTES:
        parsed.problems.append(Problem("schema.file_too_large", {"limit": MAX_BYTES // 1000}, line=1))
        return None, parsed
    try:
        if _refuse_hidden_power(text, parsed):
            return None, parsed
        node = yaml.compose(text, LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        parsed.problems.append(
            Problem(
                "schema.not_yaml",
                {"why": error.problem or ""},
                line=mark.line + 1 if mark else 1,
                column=mark.column + 1 if mark else 1,
            )
        )
        return None, parsed
    except yaml.YAMLError as error:
        parsed.problems.append(Problem("schema.not_yaml", {"why": str(error).splitlines()[0]}, line=1))
        return None, parsed
    return (None if node is None else parsed.data(node)), parsed


def _refuse_hidden_power(text: str, parsed: ParsedYaml) -> bool:
    """Note anchors, aliases, tags, merge keys and deep nesting; return whether the text may be composed."""
    depth, documents = 0, 0
    for event in yaml.parse(text, LOADER):
        if isinstance(event, yaml.AliasEvent):
            parsed.refuse("schema.alias", event.start_mark, name=event.anchor)
        elif getattr(event, "anchor", None):
            parsed.refuse("schema.anchor", event.start_mark, name=event.anchor)
        if getattr(event, "tag", None):
            parsed.refuse("schema.tag", event.start_mark, tag=event.tag)
        if isinstance(event, yaml.ScalarEvent) and event.value == "<<" and not event.style:
            parsed.refuse("schema.merge_key", event.start_mark)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > MAX_DEPTH:
            parsed.refuse("schema.too_deep", event.start_mark, limit=MAX_DEPTH)
            break
    if documents > 1:
        parsed.problems.append(Problem("schema.several_documents", line=1))
    return bool(parsed.problems)


class _Writer(yaml.SafeDumper):
    """Writes in declared order, with lists indented under their key and small things in one line."""

    def represent(self, data: Any) -> None:
        """Write a document: what is small and fits stands in one line, all else a line for each part."""
        node = self.represent_data(data)
        lay_out(node)
        self.serialize(node)

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value out wherever it stands: our reader takes no aliases."""
        return True

    def represent_float(self, data: float) -> yaml.ScalarNode:
        """Write a number with all its digits: our reader takes no exponents."""
        text = format(Decimal(repr(data)), "f")
        return self.represent_scalar("tag:yaml.org,2002:float", text if "." in text else f"{text}.0")

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Write a text: several lines as they read, one with rare line breaks in a way that keeps them."""
        style = '"' if RARE_BREAKS.search(data) else "|" if "\n" in data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Writer.add_representer(str, _Writer.represent_str)
_Writer.add_representer(float, _Writer.represent_float)


def lay_out(node: yaml.Node, column: int = 0) -> None:
    """Decide about everything inside a collection whether it stands in one line; `column` is where it begins."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else [(None, child) for child in node.value]
    for key, child in pairs:
        if not isinstance(child, yaml.CollectionNode):
            continue
        begin = column + (len(key.value) + 2 if key is not None else 2)
        child.flow_style = begin + width(child) <= LINE and depth(child) <= DEEPEST_LINE
        lay_out(child, column + 2)


def width(node: yaml.Node) -> int:
    """Return how many characters a node takes in one line; more than fit, when it has several lines."""
    if isinstance(node, yaml.MappingNode):
        return 2 + sum(width(key) + width(value) + 4 for key, value in node.value)
    if isinstance(node, yaml.SequenceNode):
        return 2 + sum(width(child) + 2 for child in node.value)
    return LINE + 1 if "\n" in node.value else len(node.value)


def depth(node: yaml.Node) -> int:
    """Return how many collections stand in one another, the node's own counted."""
    if isinstance(node, yaml.ScalarNode):
        return 0
    parts = [value for _key, value in node.value] if isinstance(node, yaml.MappingNode) else node.value
    return 1 + max(map(depth, parts), default=0)


def write_yaml(body: Any) -> str:
    """Return data as canonical YAML: key order kept, nothing that another reader would take for something else."""
    return yaml.dump(body, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=math.inf, indent=2)
