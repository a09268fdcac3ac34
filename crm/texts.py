"""Texts for people: a label in several languages, and sentences from the catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations

LANGUAGES = ("en", "el", "ro", "he")
RIGHT_TO_LEFT = frozenset({"he"})
CATALOGUES = Path(__file__).resolve().parent.parent / "translations"


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name, which the extractor looks for
    """Return the sentence as it is; marks it for translation where it is defined."""
    return sentence


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the compiled catalogue of one language; an empty one when there is none."""
    return Translations.load(CATALOGUES, [language])


def translate(sentence: str, language: str, **params: object) -> str:
    """Return the sentence in the language, with its named placeholders filled in.

    >>> translate("%(n)s rows", "en", n=3)
    '3 rows'
    """
    found = catalogue(language).gettext(sentence) if sentence else ""
    return found % params if params else found


class Text:
    """A text an admin typed: one string for all, or one per language.

    Shape:  built from a string or a map such as `{"en": "Deal", "el": "Ευκαιρία"}`. A missing language
            falls back to English, then to any language there is; a plain string goes through the catalogues.

    >>> Text({"en": "Deal", "he": "עסקה"}).get("el")
    'Deal'
    """

    __slots__ = ("source",)

    def __init__(self, source: str | Mapping[str, str]) -> None:
        self.source = source if isinstance(source, str) else dict(source)

    def get(self, language: str) -> str:
        """Return the text in one language."""
        if isinstance(self.source, str):
            return translate(self.source, language)
        found = self.source.get(language) or self.source.get("en")
        return found or next(iter(self.source.values()), "")

    def missing(self) -> list[str]:
        """Return the languages that still have no text."""
        if isinstance(self.source, str):
            return []
        return [language for language in LANGUAGES if not self.source.get(language)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and self.source == other.source

    def __hash__(self) -> int:
        return hash(repr(self.source))

    def __repr__(self) -> str:
        return f"Text({self.source!r})"
