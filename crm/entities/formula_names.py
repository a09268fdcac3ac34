"""The names in a formula's text, each with the entity it is read at; everything between them stays as written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from crm.conditions.language.formula import CHILDREN, WORDS
from crm.conditions.language.tokens import WORD

JOINING = ("and", "or")


class AtEntity(Protocol):
    """A place where the names of an entity are meant; `of` gives the same place for another entity."""

    def of(self, entity: object) -> AtEntity:
        """Return the same place, where the names of another entity are meant."""


Spot = TypeVar("Spot", bound=AtEntity)


@dataclass
class _Brackets(Generic[Spot]):
    """Open brackets: of a function, or of a part of the formula."""

    function: str
    outer: Spot
    child: str = ""


class FormulaNames(Generic[Spot]):
    """Reads one formula word by word, as `FormulaReader` does, but accepts one that is wrong.

    Shape:  `way` returns a path as it shall be written at a spot, `children` a name of children with the entity of
            these children.
    """

    def __init__(
        self, way: Callable[[str, Spot], str], children: Callable[[str, Spot], tuple[str, str]], spot: Spot
    ) -> None:
        self.way = way
        self.children = children
        self.spot = spot
        self.open: list[_Brackets[Spot]] = []
        self.wants_value = True
        self.function = ""

    def written(self, text: str) -> str:
        """Return the text with its names written anew."""
        found, place = [], 0
        while match := WORD.match(text, place):
            sort, start = str(match.lastgroup), match.start(str(match.lastgroup))
            found.append(text[place:start])
            word = match[sort]
            if sort == "name":
                found.append(self._name(word, text[match.end() :].lstrip()[:1] == "("))
            else:
                self._other(sort, word)
                found.append(word)
            place = match.end()
        return "".join([*found, text[place:]])

    def _name(self, word: str, is_called: bool) -> str:
        if not self.wants_value:
            self.wants_value = word in JOINING
            return word
        if is_called:
            self.function = word
            return word
        if word == "not":
            return word
        self.wants_value = False
        if word in WORDS:
            return word
        if self.open and self.open[-1].function in CHILDREN and not self.open[-1].child:
            written, child = self.children(word, self.spot)
            self.open[-1].child = child or "?"
            return written
        return self.way(word, self.spot)

    def _other(self, sort: str, word: str) -> None:
        if word == "(" and sort == "sign":
            self.open.append(_Brackets(self.function, self.spot))
            self.function = ""
        elif word == ")" and sort == "sign" and self.open:
            self.spot = self.open.pop().outer
        elif word == "," and sort == "sign" and self.open and self.open[-1].child:
            self.spot = self.spot.of(self.open[-1].child)
        self.wants_value = sort == "sign" and word != ")"
