"""A formula's text to words: numbers, names, texts and signs, each with its position."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crm.conditions.language.resolve import Refusal
from crm.conditions.tree.numbers import MAX_DIGITS

MAX_LENGTH = 2_000
WORD = re.compile(
    r"""\s*(?:
    (?P<number>[0-9]+(?:\.[0-9]+)?)
  | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
  | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
  | (?P<sign><=|>=|==|!=|<>|[-+*/()<>=,])
)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """One word of a formula.

    Shape:  `sort` is number, name, text, sign or end; `position` counts characters from 1.
    """

    sort: str
    text: str
    position: int


class FormulaRefusal(Refusal):
    """Something wrong at one position of a formula."""

    def __init__(self, refusal: Refusal, position: int) -> None:
        super().__init__(refusal.code, **refusal.params)
        self.position = position


def tokens_of(text: object) -> list[Token]:
    """Return the words of a formula, an end word last.

    Errors: FormulaRefusal at the first character that begins no word.
    """
    if not isinstance(text, str) or not text.strip():
        raise FormulaRefusal(Refusal("conditions.formula_expected", value=str(text)[:60]), 1)
    if len(text) > MAX_LENGTH:
        raise FormulaRefusal(Refusal("conditions.formula_too_long", limit=MAX_LENGTH), 1)
    if "\0" in text:
        raise FormulaRefusal(Refusal("conditions.unknown_sign", sign="NUL"), text.index("\0") + 1)
    found: list[Token] = []
    place = 0
    while place < len(text.rstrip()):
        match = WORD.match(text, place)
        if match is None or match.end() == place:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            raise FormulaRefusal(Refusal("conditions.unknown_sign", sign=text[start]), start + 1)
        found.append(_token(match))
        place = match.end()
    return [*found, Token("end", "", len(text) + 1)]


def _token(match: re.Match[str]) -> Token:
    sort = str(match.lastgroup)
    text, position = match[sort], match.start(sort) + 1
    if sort == "number" and len(text) > MAX_DIGITS:
        raise FormulaRefusal(Refusal("conditions.number_too_long", limit=MAX_DIGITS), position)
    if sort == "text":
        text = text[1:-1].replace(text[0] * 2, text[0])
    return Token(sort, text, position)
