"""Texts for people: a label in several languages, and sentences from the catalogues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations

LANGUAGES = ("en", "el", "ro", "he")
RIGHT_TO_LEFT = frozenset({"he"})
CATALOGUES = Path(__file__).resolve().parent.parent / "translations"


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name, which the extractor looks for
    """Return the sentence as it is; marks it for translation where it is defined."""
    return sentence


class Phrase(str):
    """A sentence of one or two words with its context, which says what it belongs to: New is many things.

    Shape:  equal to its English words; whoever translates it asks for the context first.

    >>> Phrase("state.rule", "Active"), Phrase("state.rule", "Active").context
    ('Active', 'state.rule')
    """

    __slots__ = ("context",)

    def __new__(cls, context: str, sentence: str) -> Phrase:
        """Return the words with their context."""
        phrase = super().__new__(cls, sentence)
        phrase.context = context
        return phrase

    def __reduce__(self) -> tuple[type[Phrase], tuple[str, str]]:
        """Return how to make it again: copies keep the context."""
        return Phrase, (self.context, str(self))


def NP_(context: str, sentence: str) -> Phrase:  # noqa: N802 - as N_
    """Return the words with their context; marks them for translation where they are defined."""
    return Phrase(context, sentence)


def context_of(sentence: str) -> str | None:
    """Return the context of a sentence; None for those that need none."""
    return getattr(sentence, "context", None)


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the compiled catalogue of one language; an empty one when there is none."""
    return Translations.load(CATALOGUES, [language])


def translate(sentence: str, language: str, /, **params: object) -> str:
    """Return the sentence in the language, with its named placeholders filled in.

    >>> translate("%(n)s rows", "en", n=3)
    '3 rows'
    """
    found = looked_up(catalogue(language), sentence) if sentence else ""
    return found % params if params else found


def looked_up(known: NullTranslations, sentence: str) -> str:
    """Return a sentence as a catalogue has it, by its context when it has one."""
    context = context_of(sentence)
    return known.gettext(sentence) if context is None else known.pgettext(context, sentence)


FORMS = ("one", "accusative", "genitive", "gender")
"""What the label of an entity or a field may say in one language: how it is called, its cases, its gender."""
GENDERS = ("m", "f", "n")
PLAIN_CONTEXTS = ("field", "option", "menu", "title", "column")
"""Where a plain text of a document is looked for, after the sentences without a context."""


def _of_any_context(text: str, language: str) -> str:
    """Return a plain text of a document in the language: a document says no context."""
    found = translate(text, language)
    if found != text or not text or context_of(text) is not None:
        return found
    known = catalogue(language)
    return next((said for each in PLAIN_CONTEXTS if (said := known.pgettext(each, text)) != text), text)


def _said(words: str | Mapping[str, str]) -> str:
    """Return a text of one language: the word itself when its forms are told too."""
    return str(words.get("one") or "") if isinstance(words, Mapping) else words


class Text:
    """A text an admin typed: one string for all, or one per language.

    Shape:  built from a string or a map such as `{"en": "Deal", "el": "Ευκαιρία"}`. A missing language
            falls back to English, then to any language there is; a plain string goes through the catalogues.
            A language may say a word in its forms: `{"el": {"one": "Πελάτης", "accusative": "πελάτη"}}`.

    >>> Text({"en": "Deal", "he": "עסקה"}).get("el")
    'Deal'
    """

    __slots__ = ("source",)

    def __init__(self, source: str | Mapping[str, str | Mapping[str, str]]) -> None:
        self.source = source if isinstance(source, str) else dict(source)

    def get(self, language: str) -> str:
        """Return the text in one language."""
        if isinstance(self.source, str):
            return _of_any_context(self.source, language)
        found = self.source.get(language) or self.source.get("en")
        if found.__class__ is str:  # nearly always, and for every cell of a list
            return found
        return _said(found or next(iter(self.source.values()), ""))

    def form(self, language: str, form: str) -> str:
        """Return one of the forms of the text in a language; "" when it says none.

        >>> Text({"el": {"one": "Πελάτης", "genitive": "πελάτη", "gender": "m"}}).form("el", "genitive")
        'πελάτη'
        """
        found = self.source.get(language) if isinstance(self.source, dict) else None
        return str(found.get(form) or "") if isinstance(found, Mapping) else ""

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


def listed(texts: Iterable[Text]) -> Text:
    """Return several texts as one, with commas between them.

    >>> listed([Text({"en": "Name", "el": "Όνομα"}), Text("Code")]).get("el")
    'Όνομα, Code'
    """
    found = list(texts)
    return Text({language: ", ".join(text.get(language) for text in found) for language in LANGUAGES})
