"""What a browser would send of a form: its controls as HTML has them, and as browsers clean them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from werkzeug.datastructures import MultiDict

ASIDE = ("noscript", "template")


class FormReader(HTMLParser):
    """Collects the fields of the HTML it is fed, buttons left out, scripts running."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.select: dict | None = None
        self.area: str | None = None
        self.words = ""
        self.aside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ASIDE:
            self.aside = True
        elif self.aside or "disabled" in found or is_silent(found):
            return
        elif tag == "input" and found.get("name"):
            self.sent.append((found["name"], cleaned(found.get("type", "text"), found.get("value") or "")))
        elif tag == "select":
            self.select = {"name": found["name"], "many": "multiple" in found, "options": []}
        elif tag == "option" and self.select is not None:
            self.select["options"].append((found["value"] or "", "selected" in found))
        elif tag == "textarea":
            self.area, self.words = found["name"], ""

    def handle_data(self, data: str) -> None:
        self.words += data if self.area else ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ASIDE:
            self.aside = False
        elif tag == "select" and self.select is not None:
            self._send(self.select)
            self.select = None
        elif tag == "textarea" and self.area:
            text = self.words.removeprefix("\n").replace("\r\n", "\n").replace("\r", "\n")
            self.sent.append((self.area, text.replace("\n", "\r\n")))
            self.area = None

    def _send(self, select: dict) -> None:
        chosen = [value for value, is_chosen in select["options"] if is_chosen]
        if not select["many"]:
            chosen = (
                (chosen or [value for value, _ in select["options"]])[-1:]
                if chosen
                else [value for value, _ in select["options"]][:1]
            )
        self.sent += [(select["name"], value) for value in chosen]


def is_silent(input_: dict[str, str | None]) -> bool:
    """Return whether an input sends nothing: a box that is not ticked, a file nobody chose, a button."""
    kind = input_.get("type")
    return kind in ("file", "submit", "button") or (kind in ("checkbox", "radio") and "checked" not in input_)


def cleaned(kind: str, value: str) -> str:
    """Return a value as an input of this kind holds it."""
    if kind == "date":
        return value if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) else ""
    if kind == "time":
        return value if re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", value) else ""
    return value if kind == "hidden" else re.sub("[\r\n]", "", value)


def form_of(html: str) -> MultiDict:
    """Return what a form with this HTML in it sends.

    >>> form_of('<input name="a" value="1"><select name="b"><option value="x"><option value="y" selected></select>')
    MultiDict([('a', '1'), ('b', 'y')])
    """
    reader = FormReader()
    reader.feed(html)
    return MultiDict(reader.sent)
