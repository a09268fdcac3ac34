"""What came with the call that fired a rule: what a person typed for a button, or the body of a webhook.

Texts and values of the rule take it by a path that begins with its word: `{input.reason}`, `{body.order.total}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.entities.model import Entity
from crm.entities.walk import Walker
from crm.fields.base import Field
from crm.texts import Text

GIVEN_PATH = re.compile(r"(input|body)((?:\.[A-Za-z0-9_-]{1,60}){1,6})\Z")
"""A path into what was given; a body has names of its own, also with capitals, and places of a list."""

GIVEN = "given"
MAX_TEXT = 20_000  # characters of one value


@dataclass(frozen=True)
class Given:
    """What a rule is given when it fires.

    Shape:  `word` begins its paths; `fields` are the inputs by name, None where anything may come.
    """

    word: str
    fields: Mapping[str, Field] | None = None

    def field(self, path: str) -> Field | None:
        """Return the field that a path names, as `input.reason` does; None when there is none."""
        if not self.owns(path):
            return None
        names = path.partition(".")[2]
        return Field(names, "text", Text(names)) if self.fields is None else self.fields.get(names)

    def owns(self, path: str) -> bool:
        """Return whether a path leads into what is given."""
        found = GIVEN_PATH.match(path)
        return found is not None and found[1] == self.word


def with_given(entity: Entity, given: Given | None) -> Entity:
    """Return an entity beside whose fields a rule may name what it is given."""
    return replace(entity, options={**entity.options, GIVEN: given}) if given else entity


def given_of(entity: Entity) -> Given | None:
    """Return what may be named beside the fields of an entity."""
    return entity.options.get(GIVEN)


def value_at(body: Any, path: str) -> Any:
    """Return what a JSON value holds at a path of names and places; None where it holds nothing.

    >>> value_at({"order": {"lines": [{"sku": "A-1"}]}}, "order.lines.0.sku")
    'A-1'
    """
    for name in path.split("."):
        if isinstance(body, Mapping):
            body = body.get(name)
        elif isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        else:
            return None
    return body


class PastGiven(Walker):
    """A walker that passes over the paths of what is given: no name of a document stands in them."""

    def __init__(self, walker: Walker, given: Given) -> None:
        super().__init__(walker.declarations, walker.visit)
        self.wholes = walker.wholes
        self.given = given

    def way(self, value: Any, spot: Any) -> Any:
        """Walk over a path of fields; leave one of what is given as it is."""
        return value if isinstance(value, str) and self.given.owns(value) else super().way(value, spot)
