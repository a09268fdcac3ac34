"""A template and a record to a message: subject, plain text and HTML, in one language."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from workflows.markup import in_sentence, to_html, to_plain
from workflows.rules.model import Template

MAX_SUBJECT = 250
UNSEEN = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


@dataclass(frozen=True)
class Message:
    """An e-mail ready to leave."""

    to: str
    subject: str
    text: str
    html: str
    language: str


def compose(template: Template, to: str, language: str, write: Callable[[str], str]) -> Message:
    """Return the message a template becomes; `write` gives the plain text of a path in that language."""
    subject = in_sentence(template.subject.get(language), write, language)
    body = template.body.get(language)
    return Message(
        to, one_line(subject), to_plain(body, write, language), to_html(body, write, language), language
    )


def one_line(text: str) -> str:
    """Return a text that cannot break out of a header: no line ends, no control characters, not endless.

    >>> one_line("Hello\\r\\nBcc: everybody@example.com")
    'Hello Bcc: everybody@example.com'
    """
    return " ".join(UNSEEN.sub(" ", text).split())[:MAX_SUBJECT]
