"""Text files row by row, whatever their encoding and delimiter. Runs in the reading process only."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crm.errors import ImportRowError

SAMPLE = 256 * 1024
FIELD_LIMIT = 4 * 1024 * 1024  # characters of one cell
DELIMITERS = (";", ",", "\t", "|")
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
GREEK = ("cp1253", "iso8859-7")
HEBREW = ("cp1255", "iso8859-8")
LATIN = ("cp1250", "iso8859-2", "cp1252")
NAMES = {
    "cp1253": "windows-1253",
    "cp1255": "windows-1255",
    "cp1250": "windows-1250",
    "cp1252": "windows-1252",
    "iso8859-7": "iso-8859-7",
    "iso8859-8": "iso-8859-8",
    "iso8859-2": "iso-8859-2",
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", *NAMES.values())
LETTERS = {
    **dict.fromkeys(GREEK, re.compile("[\u0370-\u03ff]")),
    **dict.fromkeys(HEBREW, re.compile("[\u05d0-\u05ea]")),
    "cp1250": re.compile("[ăâîşţșțĂÂÎŞŢȘȚáéíóúýčďěňřšťůžąćęłńśźżőűöüäÁÉÍÓÚŠŽŐŰÖÜ]"),
    "iso8859-2": re.compile("[ăâîşţșțĂÂÎŞŢȘȚáéíóúýčďěňřšťůžąćęłńśźżőűöüäÁÉÍÓÚŠŽŐŰÖÜ]"),
    "cp1252": re.compile("[àáâãäåæçèéêëìíîïñòóôõöøùúûüßÀÉÈÇÑÖÜÄ]"),
}
MODERN = re.compile("[€„“”’–…«»\u00a0]")
ACCENTED_GREEK = re.compile("[άέήίόύώΆΈΉΊΌΎΏΑ-Ω]")


class TextSource:
    """A text file as a sheet of one."""

    name = ""
    hidden = False

    def __init__(self, path: Path, encoding: str, delimiter: str) -> None:
        self.path, self.encoding, self.delimiter = path, encoding, delimiter

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield (number of the row among the file's rows, cells)."""
        csv.field_size_limit(FIELD_LIMIT)
        try:
            with self.path.open(encoding=self.encoding, newline="") as file:
                lines = (line.replace("\0", "") for line in file)
                reader = csv.reader(lines, delimiter=self.delimiter)
                for number, cells in enumerate(reader, start=1):
                    if number == 1 and is_separator_line(cells):
                        continue
                    yield number, cells
        except UnicodeError as error:
            raise ImportRowError("import.encoding", encoding=self.encoding) from error
        except csv.Error as error:
            raise ImportRowError("import.corrupt") from error


def is_separator_line(cells: Sequence[str]) -> bool:
    """Return whether this is Excel's own first line, which only names the delimiter (`sep=;`)."""
    return len(cells) in (1, 2) and cells[0].strip('" ').lower().startswith("sep=") and not any(cells[1:])


def open_text(path: Path, encoding: str | None, delimiter: str | None) -> TextSource:
    """Return the file as a sheet; what is not told is found out.

    Errors: ImportRowError import.encoding when the told encoding does not exist.
    """
    encoding = encoding or find_encoding(path)
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise ImportRowError("import.encoding", encoding=encoding) from error
    return TextSource(path, encoding, delimiter or find_delimiter(path, encoding))


def find_encoding(path: Path) -> str:
    """Return the encoding: a mark, UTF-16 by its zeros, valid UTF-8, else the likeliest old one."""
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    if head.count(0) > len(head) // 4:
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    if is_utf_8(path):
        return "utf-8"
    return NAMES[likeliest_encoding(old_letters(path))]


def is_utf_8(path: Path) -> bool:
    """Return whether the whole file is valid UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def old_letters(path: Path) -> bytes:
    """Return the words of a file that hold letters beyond ASCII, up to a sample's size."""
    found = bytearray()
    with path.open("rb") as file:
        while len(found) < SAMPLE and (block := file.read(1 << 20)):
            for word in re.findall(rb"[^\s,;|\"]*[\x80-\xff][^\s,;|\"]*", block):
                found += word + b" "
    return bytes(found[:SAMPLE])


def likeliest_encoding(words: bytes) -> str:
    """Return the 8-bit encoding whose reading of the words looks most like Greek, Hebrew or Central European.

    >>> likeliest_encoding("Παπαδόπουλος Άρης".encode("cp1253"))
    'cp1253'
    >>> likeliest_encoding("שלום עולם".encode("cp1255")), likeliest_encoding("Ştefan ţară".encode("cp1250"))
    ('cp1255', 'cp1250')
    """
    scores = {name: encoding_score(words, name) for name in (*GREEK, *HEBREW, *LATIN)}
    return max(scores, key=lambda name: scores[name])


def encoding_score(words: bytes, name: str) -> float:
    """Return how well an encoding reads the words, per foreign byte; far below zero when it cannot."""
    text = words.decode(name, "replace")
    foreign = sum(1 for character in text if character > "\x7f") or 1
    letters = len(LETTERS[name].findall(text))
    if name in GREEK and not ACCENTED_GREEK.search(text):
        letters *= 0.8  # Hebrew letters read as Greek give small letters without any accent
    modern = len(MODERN.findall(text))
    impossible = text.count("\ufffd") + sum(1 for character in text if "\x80" <= character < "\xa0")
    broken = len(re.findall(r"[A-Za-z][Α-Ωα-ωא-ת]|[Α-Ωα-ωא-ת][A-Za-z]", text))
    others = foreign - letters - modern - impossible
    return (letters + 0.5 * modern - 3 * impossible - 0.6 * others - 0.8 * broken) / foreign


def find_delimiter(path: Path, encoding: str) -> str:
    """Return the delimiter that cuts the first rows most evenly; a comma when none does."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            sample = file.read(64 * 1024)
    except UnicodeError as error:
        raise ImportRowError("import.encoding", encoding=encoding) from error
    told = re.match(r'"?sep=(.)', sample)
    if told and told[1] in DELIMITERS:
        return told[1]
    scores = {delimiter: evenness(sample, delimiter) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0, 0) else ","


def evenness(sample: str, delimiter: str) -> tuple[float, int]:
    """Return (share of rows with the usual number of cells, that number); zeros when it never cuts."""
    csv.field_size_limit(FIELD_LIMIT)
    lines = sample.replace("\0", "").splitlines(keepends=True)[:100]
    try:
        sizes = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
    except csv.Error:
        return (0, 0)
    cut = Counter({size: times for size, times in sizes.items() if size > 1})
    if not cut:
        return (0, 0)
    usual, times = cut.most_common(1)[0]
    return (round(times / sizes.total(), 1), usual)
