"""The little markup of message bodies: **bold**, links, lists; to plain text and to HTML.

The text is read first and the values are put in afterwards, escaped, so that a customer called `**x**` or
`[a](javascript:b)` stays exactly that.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from itertools import groupby
from urllib.parse import quote

from crm.isolation import isolated, isolated_value
from crm.texts import RIGHT_TO_LEFT
from workflows.placeholders import fill

INLINE = re.compile(
    r"\*\*(?P<bold>[^*\n]{1,500})\*\*"
    r"|\[(?P<words>[^\[\]\n]{1,300})\]\((?P<target>[^()\s]{1,1000})\)"
    r"|(?P<bare>https?://[^\s<>\"']{1,1000}[^\s<>\"'.,;:!?)])"
)
SAFE = re.compile(r"(https?://|mailto:|tel:)[^\s<>\"']+\Z", re.IGNORECASE)
ITEM = re.compile(r"[-*] +")

Write = Callable[[str], str]


def to_plain(text: str, value: Write, language: str = "en") -> str:
    """Return the text part: marks gone, a link as its words and its address, values and codes in their own order."""
    return "\n".join(_plain_line(line, value, language) for line in text.strip().splitlines())


def _plain_line(line: str, value: Write, language: str) -> str:
    def words(part: str) -> str:
        return in_sentence(part, value, language)

    done, start = [], 0
    for found in INLINE.finditer(line):
        done.append(words(line[start : found.start()]))
        start = found.end()
        if found["bold"]:
            done.append(words(found["bold"]))
        elif found["words"]:
            done.append(f"{words(found['words'])} ({fill(found['target'], value)})")
        else:
            done.append(fill(found["bare"], value))
    return "".join([*done, words(line[start:])])


def in_sentence(text: str, value: Write, language: str) -> str:
    """Return a sentence of plain text in which each value, and each code of the text itself, keeps its own order."""
    return isolated(fill(text, lambda path: isolated_value(value(path), language)), language)


def to_html(text: str, value: Write, language: str) -> str:
    """Return the HTML part: a whole document in the language's direction."""
    blocks = re.split(r"\n[ \t]*\n", text.strip())
    body = isolated("\n".join(_block(block.splitlines(), value) for block in blocks), language)
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    return (
        f'<!DOCTYPE html>\n<html lang="{language}" dir="{direction}">\n'
        f'<head><meta charset="utf-8"></head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def _block(lines: list[str], value: Write) -> str:
    groups = groupby(lines, key=lambda line: bool(ITEM.match(line)))
    return "\n".join(
        _list(list(group), value) if items else _lines(list(group), value) for items, group in groups
    )


def _list(lines: list[str], value: Write) -> str:
    rows = "".join(f"<li>{_inline(ITEM.sub('', line, count=1), value)}</li>" for line in lines)
    return f"<ul>{rows}</ul>"


def _lines(lines: list[str], value: Write) -> str:
    return f"<p>{'<br>'.join(_inline(line, value) for line in lines)}</p>"


def _inline(line: str, value: Write) -> str:
    done, start = [], 0
    for found in INLINE.finditer(line):
        done += [_words(line[start : found.start()], value), _mark(found, value)]
        start = found.end()
    return "".join([*done, _words(line[start:], value)])


def _mark(found: re.Match, value: Write) -> str:
    if found["bold"]:
        return f"<strong>{_words(found['bold'], value)}</strong>"
    words, target = found["words"] or found["bare"], found["target"] or found["bare"]
    address = _address(target, value)
    if address is None:
        return _words(found[0], value)
    return f'<a href="{html.escape(address)}">{_words(words, value)}</a>'


def _address(target: str, value: Write) -> str | None:
    """Return where a link leads; None when that is no web, mail or telephone address."""
    whole = fill(target, value)
    if target.startswith("{"):
        return whole if SAFE.match(whole) else None
    safe = fill(target, lambda path: quote(value(path), safe="@"))
    return safe if SAFE.match(safe) else None


def _words(text: str, value: Write) -> str:
    def write(path: str) -> str:
        lines = html.escape(value(path)).splitlines()
        return f"<bdi>{'<br>'.join(lines)}</bdi>" if lines else ""

    return fill(text, write, html.escape)
