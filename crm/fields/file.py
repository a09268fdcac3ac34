"""Files and pictures: a field holds the numbers of stored files, the file store their content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

import sqlalchemy as sa

from crm.errors import Problem
from crm.fields import options
from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.columns import Words
from crm.fields.reference import LARGEST_ID
from crm.fields.text_reading import shown
from crm.texts import N_, NP_

MOST_FILES = 50
LARGEST_MB = 2_000
LONGEST_NAME = 255
_ACCEPTED = re.compile(r"\.?[a-z0-9]{1,10}|[a-z]+/(?:\*|[a-z0-9.+-]{1,80})")
_UNWANTED = re.compile(
    '[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff"<>|:*?]'
)


def tidy_name(name: str) -> str:
    """Return a file's name without folders, control characters and turned reading direction, 255 characters at most.

    >>> tidy_name("../../etc/passwd"), tidy_name("C:\\\\scans\\\\ΑΦΜ 1.pdf"), tidy_name(" .. ")
    ('passwd', 'ΑΦΜ 1.pdf', 'file')
    """
    last = re.split(r"[/\\]", name)[-1]
    tidy = " ".join(normalize("NFC", _UNWANTED.sub("", last)).split()).strip(" .")
    stem, dot, extension = tidy.rpartition(".")
    if len(tidy) > LONGEST_NAME and dot and len(extension) <= 10:
        tidy = stem[: LONGEST_NAME - len(extension) - 1] + dot + extension
    return tidy[:LONGEST_NAME] or "file"


class FileType(FieldType):
    """One stored file, or with `many` up to fifty.

    Shape:  a tuple of the files' numbers as text, in order; JSON has one number, or a list of them with `many`.
            A form, the API or a rule sends numbers of uploads; `records` checks whose they are.
    """

    name = "file"
    seal_refused = "schema.encrypted_file"
    words = TypeWords("paperclip", NP_("field.type", "Attachment"), N_("Files attached to the record"))
    holds_files = True
    several = True
    is_indexable = False
    kind = "none"
    keys = frozenset({"many", "max_mb", "accept"})
    control = "upload"
    importable = False
    usual_accept: tuple[str, ...] = ()

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the number, the size and the kinds of files."""
        problems = options.check_whole(name, body, "max_mb", 1, LARGEST_MB)
        if body.get("many") is not None and not isinstance(body["many"], bool):
            problems += options.bad(name, "many", "field.expected_boolean", value=str(body["many"])[:40])
        for word in _words_of(body.get("accept")):
            if not isinstance(word, str) or not _ACCEPTED.fullmatch(word.strip().lower()):
                problems += options.bad(name, "accept", "field.bad_accept", value=str(word)[:40])
        for key in ("unique", "index", "search"):
            if body.get(key) is True:
                problems += options.bad(name, key, "field.not_for_files")
        return problems

    def check_default(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return the problem of a default: a file is uploaded, never given."""
        if body.get("default") is None:
            return []
        return options.bad(name, "default", "field.bad_default", value=str(body["default"])[:60])

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return whether there may be many, their size in MB (None: the house's limit), and what is accepted."""
        words = tuple(str(word).strip().lower().removeprefix(".") for word in _words_of(body.get("accept")))
        return {
            "many": bool(body.get("many")),
            "max_mb": body.get("max_mb"),
            "accept": words or self.usual_accept,
        }

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return text that holds several words."""
        return Words()

    def clean(self, field: Field, value: Any, situation: Situation) -> tuple[str, ...] | None:
        """Return the numbers of the files, each once; an answer's `{"id": …}` does as well."""
        if situation.source == "import" and not isinstance(value, (list, tuple)) and shown(value).strip():
            if value is None or not str(value).strip():
                return None
            raise refusal(field, "file.not_by_import")
        if isinstance(value, str):
            value = value.replace("|", ",").split(",")
        elif not isinstance(value, (list, tuple)):
            value = [value]
        most = MOST_FILES if field.options.get("many") else 1
        if len(value) > MOST_FILES:
            raise refusal(field, "file.too_many", most=most)
        numbers = [_number(field, one) for one in value]
        found = tuple(dict.fromkeys(str(number) for number in numbers if number is not None))
        if len(found) > most:
            raise refusal(field, "file.too_many", most=most)
        return found or None

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the numbers; the page shows names instead."""
        return ", ".join(value or ())

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the numbers."""
        return ",".join(value or ())

    def to_json(self, field: Field, value: Any) -> Any:
        """Return the number, or with `many` a list of them."""
        if value is None:
            return None
        numbers = [int(number) for number in value]
        return numbers if field.options.get("many") or len(numbers) > 1 else numbers[0]

    def to_cell(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the numbers in one text; exports write the names."""
        return ", ".join(value or ()) or None


class ImageType(FileType):
    """A picture that pages show: PNG, JPEG, GIF or WebP, and others that are offered for download."""

    name = "image"
    words = TypeWords("photo", NP_("field.type", "Image"), N_("Photos attached to the record"))
    usual_accept = ("image",)


def _words_of(accept: Any) -> list[Any]:
    """Return the words of `accept`: a list, or one word alone, or several parted by commas."""
    if accept is None:
        return []
    if isinstance(accept, str):
        return [word for word in re.split(r"[,\s]+", accept) if word] or [accept]
    return list(accept) if isinstance(accept, (list, tuple)) else [accept]


def _number(field: Field, value: Any) -> int | None:
    """Return the number of a stored file; None when empty."""
    if isinstance(value, Mapping):
        value = value.get("id", "?")
    if value is None:
        return None
    if isinstance(value, str):
        text = "".join(sign for sign in value if sign.isprintable()).strip(" \u200f\u200e")
        if not text:
            return None
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if type(value) is not int or not 0 < value <= LARGEST_ID:
        raise refusal(field, "file.not_a_file", value=shown(value))
    return value
