"""What an operator of condition lines says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm.conditions.language.resolve import Refusal
from crm.conditions.tree.kinds import NONE
from crm.conditions.tree.model import BOOLEAN, DATE, DATETIME, MANY, NUMBER, REFERENCE, TEXT, USER, Node

if TYPE_CHECKING:
    from crm.conditions.language.lines import Context, LineReader

ONE, TWO, LIST, FLAG = "one", "two", "list", "flag"
"""How many values follow an operator; a flag is true or false."""

SINGLE = (TEXT, NUMBER, DATE, DATETIME, BOOLEAN, REFERENCE, USER)
ALL = (*SINGLE, MANY, NONE)
DATES = (DATE, DATETIME)


class Operator(ABC):
    """The word between a field and a value: `above` in `{field: amount, above: 100}`.

    Shape:  `kinds` are the kinds of fields it fits. `labels` are its words in an editor, by kind; those under "" are
            for all other kinds. `takes` says how many values follow it, `control` what they are typed into when
            it is not the field's own control: text, span or segment. `seals`: it works on encrypted fields, of which
            only equality is known. `asks_change`: only a rule can ask it.
    """

    name: str
    kinds: tuple[str, ...]
    labels: Mapping[str, str]
    takes: str = ONE
    control: str = ""
    seals: bool = False
    asks_change: bool = False

    @abstractmethod
    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the condition.

        Shape:  `left` is the field or the number of children; `given` is what the document says.
        Errors: Refusal, when `given` is nothing the operator can take.
        """

    def fits(self, kind: str, is_encrypted: bool = False) -> bool:
        """Return whether it fits a kind of field; among several values, encrypted ones cannot be found one by one."""
        if not is_encrypted:
            return kind in self.kinds
        return kind in self.kinds and self.seals and (kind != MANY or self.takes == FLAG)

    def label(self, kind: str) -> str:
        """Return its words beside a kind of field."""
        return self.labels.get(kind) or self.labels[""]


class FlagOperator(Operator):
    """One that takes true or false; an editor shows two operators without a value.

    Shape:  `opposite` names the one for false there, `opposite_labels` are its words.
    """

    takes = FLAG
    opposite: str
    opposite_labels: Mapping[str, str]

    def flag(self, given: Any) -> bool:
        """Return true or false.

        Errors: Refusal for anything else.
        """
        if not isinstance(given, bool):
            raise Refusal("conditions.true_or_false", operator=self.name, value=str(given)[:60])
        return given
