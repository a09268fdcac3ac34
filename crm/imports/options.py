"""What a program or a command tells about an import before anybody looks at the file: checked one by one."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from crm.entities.model import Entity
from crm.errors import OptionError, Problem
from crm.imports.model import MODES, Reading
from crm.imports.quoting import is_delimiter

RULES = ("run", "skip")
DELIMITER_NAMES = {"tab": "\t", "\\t": "\t", "semicolon": ";", "comma": ",", "bar": "|", "space": " "}
LAST_ROW = 1 << 40  # no file has as many rows


@dataclass(frozen=True)
class Options:
    """What was told about an import that nobody will look at before it is checked.

    Shape:  `told` are lines `Header=field`. `long_cells` says that quoted cells over many lines are right;
            `apply`, that a checked import shall run by itself. Without a `mode` records are created, and changed
            where the file is an export of ours.
    """

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    told: tuple[str, ...] = ()
    mode: str | None = None
    keys: tuple[str, ...] = ()
    rules: str = "run"
    long_cells: bool = False
    apply: bool = False

    @property
    def reading(self) -> Reading:
        """Return which part of the file is wanted."""
        return Reading("", self.sheet, self.header_row, self.encoding, self.delimiter)

    def as_json(self) -> dict[str, Any]:
        """Return plain data for the batch's row in the database."""
        return asdict(self)


def stored_options(stored: Mapping[str, Any]) -> Options:
    """Return the options that `as_json` wrote."""
    lists = {name: tuple(stored[name]) for name in ("told", "keys")}
    return Options(**{**stored, **lists})


def read_options(raw: Mapping[str, Any], entity: Entity) -> Options:
    """Return the options a program sent; one that makes no sense refuses them all.

    Shape:  `raw` has the keys of `READERS` beside `entity`; a missing one, and None, mean the usual value.
    Errors: OptionError, whose problems name every option.
    """
    found, problems = {}, []
    for name, value in raw.items():
        if name == "entity" or value is None:
            continue
        if name not in READERS:
            known = ", ".join(sorted([*READERS, "entity"]))
            problems.append(Problem("import.unknown_option", {"name": name[:60], "known": known}, name))
            continue
        attribute, read, expected = READERS[name]
        try:
            found[attribute] = read(value)
        except (ValueError, TypeError, LookupError):
            params = {"name": name, "value": str(value)[:60], "expected": expected}
            problems.append(Problem("import.bad_option", params, name))
    for key in found.get("keys", ()):
        if key != "id" and key not in entity.fields:
            params = {"name": "key", "value": key[:60], "expected": ", ".join(["id", *entity.fields])}
            problems.append(Problem("import.bad_option", params, "key"))
    if len(problems) == 1:
        raise OptionError(problems[0].code, problems, **problems[0].params)
    if problems:
        raise OptionError("import.bad_options", problems)
    return Options(**found)


def one_of(*known: str) -> Callable[[Any], str]:
    """Return a reader of one of some words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError(value)
        return value

    return read


def read_text(value: Any) -> str:
    """Return a text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(value)
    return value


def read_row(value: Any) -> int:
    """Return the number of a row."""
    if type(value) is not int or not 0 < value < LAST_ROW:
        raise ValueError(value)
    return value


def read_truth(value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def read_encoding(value: Any) -> str:
    """Return the name of an encoding of texts."""
    text = read_text(value)
    if not is_encoding(text):
        raise ValueError(text)
    return text


def is_encoding(name: str) -> bool:
    """Return whether a name means an encoding of texts.

    >>> is_encoding("windows-1253"), is_encoding("base64"), is_encoding("klingon")
    (True, False, False)
    """
    try:
        return codecs.lookup(name)._is_text_encoding and not codecs.lookup(name).name.startswith("idna")
    except (LookupError, ValueError):
        return False


def read_delimiter(value: Any) -> str:
    """Return one character that parts columns, also by its name."""
    if not isinstance(value, str):
        raise ValueError(value)
    mark = DELIMITER_NAMES.get(value, value)
    if not is_delimiter(mark):
        raise ValueError(value)
    return mark


def read_map(value: Any) -> tuple[str, ...]:
    """Return lines `Header=field` out of such lines, or out of fields by header."""
    if isinstance(value, Mapping):
        if not all(field is None or isinstance(field, str) for field in value.values()):
            raise ValueError(value)
        return tuple(f"{header}={field or ''}" for header, field in value.items())
    return read_words(value)


def read_words(value: Any) -> tuple[str, ...]:
    """Return one text or several."""
    words = (value,) if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)):
        raise ValueError(value)
    return tuple(read_text(word) for word in words)


READERS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "sheet": ("sheet", read_text, "the name of a sheet"),
    "header_row": ("header_row", read_row, "1, 2, 3, …"),
    "encoding": ("encoding", read_encoding, "utf-8, windows-1253, …"),
    "delimiter": ("delimiter", read_delimiter, "; , | ^ tab …"),
    "map": ("told", read_map, '{"Header": "field"}'),
    "mode": ("mode", one_of(*MODES), ", ".join(MODES)),
    "key": ("keys", read_words, '"field", ["field", "field"]'),
    "rules": ("rules", one_of(*RULES), ", ".join(RULES)),
    "long_cells": ("long_cells", read_truth, "true, false"),
    "apply": ("apply", read_truth, "true, false"),
}
"""Every option: what it is called inside, how it is read, what is accepted."""

OPTIONS = frozenset(READERS) | {"entity"}
