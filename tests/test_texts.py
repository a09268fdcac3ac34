"""What catalogues, templates and shipped documents may not say: each kind of fault is looked for in every sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from config import ROOT
from crm.texts import LANGUAGES
from crm.web.fab.texts import FAB_TEXTS

TRANSLATED = [language for language in LANGUAGES if language != "en"]
TEMPLATES = sorted((ROOT / "crm" / "web" / "templates").rglob("*.html"))
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
LEFT_TO_RIGHT = re.compile("\u2066[^\u2069]*\u2069")
STRAIGHT = re.compile(r"[\u0370-\u03ff\u0590-\u05ff\u0102-\u021b]['\"]|['\"][\u0370-\u03ff\u0590-\u05ff]")
WRONG_QUOTES = {"el": "„”״", "ro": "“«»״", "he": "„”“«»"}
COUNTED = "count|num|rows|seconds|minutes|days|hours|good|bad|lines|records|values|limit|most"
COUNTS = re.compile(rf"%\((?:{COUNTED})\)s ([a-z]{{3,}}s)\b")
UNITS = frozenset({"MB", "kB", "ms"})
OLD_WORDS = {
    "en": r"\b([Ss]omebody|[Ww]hoever|[Mm]ay not|shall|[Tt]hrow away|put right|purge[ds]?|parked|e-mails?|"
    r"E-mails?|workbook|[Tt]ake back|taken back|[Pp]lease|set aside|not open to you|children)\b",
    "el": r"αναθεώρη|προσχέδι|στην άκρη|εκκαθαρ|υποεγγραφ|παιδιά|e-mail|διεργασία εργασιών|βιβλί\w+ εργασίας"
    r"|Παρακαλ",
    "ro": r"\b[Rr]evizi|subordonat|deoparte|\b[Aa]bandon(?:ea|ați)|arhivei?\b(?= zip)|dosarul?\b|proces de lucru|[şţŞŢ]"
    r"|dumneavoastră|Salvare$",
    "he": r"רשומות בנות|הונח בצד|תהליך עבודה|ארכיון zip|חוברת|[אשלמ]תם\b|שלכם|(?<!ה)תראו\b|[א-ת]-[א-ת%A-Za-z]|[מק]״ב",
}
GENDERED = {
    "el": r"/τρια|\(η\)|Αγαπητέ",
    "ro": r"\(ă\)|\bStimat|sigură\?|Sunteți sigur",
    "he": r"(?<!ה)\b(ראו|בחרו|(?<!כללים )שלחו|נסו|גררו|הקלידו|לחצו|הזינו|אתה|את/ה|שכחת)\b",
}
DOCUMENTS = sorted((ROOT / "schemas").rglob("*.yaml"))
REPLACED = {
    "en": r"\b(E-mail|Kind(?! regards)|Money|Prospect|Offer|May be contacted|Renews by|On sale|Configurator)\b",
    "el": r"Να μην ενοχλ|Συναιν|συμφωνία|Παρακαλ|Μόνο ανάγνωση|Διαμόρφωση|Χρήμα|Εστάλη|Ολλανδία",
    "ro": r"În pericol|Bani\b|[şţŞŢ]|Plec[aă]r|\bPierdut\b|Repartiz|vânzare mare|Cerere de|Doar citire|siguranță",
    "he": r"מצב|מתעניין|עזב|נסגרה בהצלחה|אבודה|שיוך|מזהה מס|בקשת שירות|לא ליצור קשר|ברוכים|כספים|\d יום\b",
}
"""Words of shipped documents that the glossary replaced, beside those that nobody may write anywhere."""
STAND_IN_SCHEMAS = ("label", "plural", "section", "help")
SPOKEN_BY_STAFF = (
    "crm/records",
    "crm/imports",
    "crm/permissions/guard.py",
    "crm/web/entity",
    "workflows/runs",
)
NAMED = frozenset({"entity", "field", "role", "rule", "report", "segment"})
IDENTIFIERS = re.compile(r">\s*\{\{\s*(?:field|row|entity|role|rule|report|segment)\.(?:type|kind)\s*\}\}")


@pytest.fixture(scope="module")
def catalogues() -> dict[str, Catalog]:
    """Every catalogue, by its language."""
    found = {}
    for language in TRANSLATED:
        path = ROOT / "translations" / language / "LC_MESSAGES" / "messages.po"
        with path.open("rb") as file:
            found[language] = read_po(file, locale=language)
    return found


def sentences(catalogue: Catalog) -> Iterator[tuple[Message, str]]:
    """Yield each message of ours with each of its texts; Flask-AppBuilder's own words are not ours to choose."""
    for message in catalogue:
        source = message.id if isinstance(message.id, str) else message.id[0]
        if source and (message.context or source not in FAB_TEXTS):
            texts = [message.string] if isinstance(message.string, str) else message.string
            yield from ((message, text) for text in texts)


def sources(catalogue: Catalog) -> set[tuple[str | None, str]]:
    """Return the English sentences with their contexts, those for many too."""
    return {
        (message.context, source)
        for message, _text in sentences(catalogue)
        for source in ([message.id] if isinstance(message.id, str) else message.id)
    }


def test_one_or_two_words_have_a_context(catalogues) -> None:
    short = [words for context, words in sources(catalogues["el"]) if not context and len(words.split()) <= 2]
    assert short == []


def test_no_sentence_is_glued_together(catalogues) -> None:
    """No sentence begins or ends with a blank, is a placeholder alone, or carries markup."""
    said = {words for _context, words in sources(catalogues["el"])}
    assert [words for words in said if words != words.strip() or re.search(r"</?[a-z]+[ >]", words)] == []
    assert [words for words in said if PLACEHOLDER.fullmatch(words) and words != "%(message)s"] == []
    glued = re.compile(r"(?:_|pgettext)\([^)]*\)\s*~|~\s*(?:_|pgettext)\(")
    assert [path.name for path in TEMPLATES if glued.search(path.read_text())] == []


def test_no_number_stands_before_what_it_counts_but_in_a_plural(catalogues) -> None:
    counted = [
        message.id
        for message, _text in sentences(catalogues["el"])
        if isinstance(message.id, str)
        and (found := COUNTS.search(message.id))
        and found[1] not in UNITS
        and "from" not in message.id
    ]
    assert counted == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_quotation_marks_are_those_of_the_language(catalogues, language: str) -> None:
    wrong = [
        text
        for _message, text in sentences(catalogues[language])
        if set(WRONG_QUOTES[language]) & set(text) or STRAIGHT.search(LEFT_TO_RIGHT.sub("", text))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_one_that_the_glossary_replaced(catalogues, language: str) -> None:
    old = re.compile(OLD_WORDS[language])
    if language == "en":
        said = {words for _context, words in sources(catalogues["el"])}
    else:
        said = {text for _message, text in sentences(catalogues[language])}
    assert {PLACEHOLDER.sub("…", text) for text in said if old.search(PLACEHOLDER.sub("…", text))} == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_nobody_is_addressed_as_a_man_or_a_woman(catalogues, language: str) -> None:
    gendered = re.compile(GENDERED[language])
    assert [text for _message, text in sentences(catalogues[language]) if gendered.search(text)] == []


def test_a_hebrew_prefix_stands_before_a_maqaf(catalogues) -> None:
    loose = re.compile(r"(?<![א-ת])[בהוכלמש](?:״|%\()")
    assert [text for _message, text in sentences(catalogues["he"]) if loose.search(text)] == []


def test_english_titles_have_one_capital(catalogues) -> None:
    """Words after the first begin with a small letter, but for names, abbreviations and quoted words."""
    names = re.compile(
        r"“[^”]*”|%\(\w+\)s|[.:!?] [A-Z]|[A-Z]{2,}|\b(?:Koine|Excel|OpenDocument|Redis|Tab|Esc|Enter|Romanian|Greek"
        r"|Israeli|European|Latin|English|Monday|Europe|Athens|Flask)\b"
    )
    said = {
        words
        for context, words in sources(catalogues["el"])
        if context in ("title", "button", "tab", "menu", "label")
    }
    assert [words for words in said if re.search(r" [A-Z][a-z]", names.sub("", words))] == []


def test_templates_show_no_identifier() -> None:
    assert [path.name for path in TEMPLATES if IDENTIFIERS.search(path.read_text())] == []


def texts_of(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield every text of a document that is told in all languages, with the keys it stands under."""
    is_text = isinstance(node, Mapping) and set(node) == set(LANGUAGES)
    if is_text and isinstance(node["en"], str):
        yield path, node
        return
    children = node.items() if isinstance(node, Mapping) else [("", child) for child in _list(node)]
    for name, child in children:
        yield from texts_of(child, (*path, str(name)) if name else path)


def _list(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []


def in_language(text: Mapping[str, Any], language: str) -> str:
    """Return a text in one language, also where its forms are told."""
    found = text[language]
    return found["one"] if isinstance(found, Mapping) else found


@pytest.fixture(scope="module")
def shipped() -> list[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
    """Every text of the documents that ship, with its file and its key."""
    return [
        (path.name, keys, text)
        for path in DOCUMENTS
        for keys, text in texts_of(yaml.safe_load(path.read_text("utf-8")))
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_documents_speak_the_words_of_the_glossary(shipped, language: str) -> None:
    wrong = re.compile("|".join(filter(None, (REPLACED[language], GENDERED.get(language)))))
    said = [(file, in_language(text, language)) for file, _keys, text in shipped]
    assert [(file, words) for file, words in said if wrong.search(words)] == []
    quoted = set(WRONG_QUOTES.get(language, ""))
    assert [(file, words) for file, words in said if quoted & set(words)] == []


def test_shipped_documents_have_one_term_for_a_thing(shipped) -> None:
    """What has one English label has one in every language; choices may agree with what they are about."""
    known: dict[str, set[tuple[str, ...]]] = {}
    for _file, keys, text in shipped:
        if keys[-1] in STAND_IN_SCHEMAS and "choices" not in keys:
            terms = tuple(in_language(text, language) for language in TRANSLATED)
            known.setdefault(text["en"], set()).add(terms)
    assert {english: terms for english, terms in known.items() if len(terms) > 1} == {}


def test_countries_and_languages_are_called_as_cldr_calls_them() -> None:
    wrong = []
    for path in DOCUMENTS:
        for name, field in (yaml.safe_load(path.read_text("utf-8")).get("fields") or {}).items():
            for code, choice in (
                (field.get("choices") or {}).items() if name in ("country", "language") else ()
            ):
                for language in LANGUAGES:
                    locale = Locale.parse("en_GB" if language == "en" else language)
                    called = (locale.territories if name == "country" else locale.languages)[code]
                    if choice["label"][language].casefold() != called.casefold():
                        wrong.append((path.name, code, language, choice["label"][language], called))
    assert wrong == []


def test_messages_that_staff_read_call_things_by_their_labels() -> None:
    """No error of what staff use carries the internal name of an entity, a field, a role, a rule or a report."""
    named = []
    for place in SPOKEN_BY_STAFF:
        for path in [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(call, ast.Call) and "Error" in ast.unparse(call.func):
                    values = {word.arg: word.value for word in call.keywords if word.arg in NAMED}
                    named += [
                        (path.name, call.lineno, arg)
                        for arg, value in values.items()
                        if isinstance(value, ast.Attribute) and value.attr == "name"
                    ]
    assert named == []
