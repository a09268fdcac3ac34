"""Text files row by row, whatever their encoding and delimiter. Runs in the reading process only."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crm.errors import ImportRowError
from crm.imports.cells import FaultyRow
from crm.imports.quoting import is_delimiter, parted_rows, parted_sample
from crm.records.sheet_cells import unguarded

SAMPLE = 256 * 1024
UTF_8 = ("utf-8", "utf-8-sig")
DAMAGE = re.compile("[\ud800-\udfff]")
DELIMITERS = (";", ",", "\t", "|")
FOUND = (*DELIMITERS, "^", "~", "¦")  # what is looked for; a person may tell any other
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

    def __init__(self, path: Path, encoding: str, delimiter: str, is_guessed: bool) -> None:
        self.path, self.encoding, self.delimiter, self.is_guessed = path, encoding, delimiter, is_guessed

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield (number of the row among the file's rows, cells); a row that is written wrongly is a `FaultyRow`."""
        is_checked = self.encoding in UTF_8
        errors = "surrogateescape" if is_checked else "strict"
        try:
            with self.path.open(encoding=self.encoding, errors=errors, newline="") as file:
                for number, cells in enumerate(parted_rows(file, self.delimiter), start=1):
                    if number == 1 and is_separator_line(cells):
                        continue
                    cells = undamaged(cells) if is_checked else cells
                    yield number, unquoted(cells) if any(cell[:1] == "'" for cell in cells) else cells
        except UnicodeError as error:
            raise ImportRowError("import.encoding", encoding=self.encoding) from error


def unquoted(cells: Sequence[str]) -> Sequence[str]:
    """Return cells without the single quote that keeps spreadsheets from taking a text for a formula."""
    return FaultyRow(map(unguarded, cells), *getattr(cells, "faults", ()))


def undamaged(cells: Sequence[str]) -> Sequence[str]:
    """Return a row as it is, or as faulty when some of its bytes are no letters."""
    if all(cell.isascii() or not DAMAGE.search(cell) for cell in cells):
        return cells
    return FaultyRow([DAMAGE.sub("\ufffd", cell) for cell in cells], ("import.broken_letters", {}))


def is_separator_line(cells: Sequence[str]) -> bool:
    """Return whether this is Excel's own first line, which only names the delimiter (`sep=;`)."""
    return len(cells) in (1, 2) and cells[0].strip('" ').lower().startswith("sep=") and not any(cells[1:])


def open_text(path: Path, encoding: str | None, delimiter: str | None) -> TextSource:
    """Return the file as a sheet; what is not told is found out.

    Errors: ImportRowError import.encoding when the told encoding does not exist or is not the file's.
    """
    found, is_guessed = (encoding, False) if encoding else find_encoding(path)
    try:
        found_name = codecs.lookup(found).name
    except LookupError as error:
        raise ImportRowError("import.encoding", encoding=found) from error
    if found_name in UTF_8 and not (is_utf_8(path) or is_damaged_utf_8(old_letters(path))):
        raise ImportRowError("import.encoding", encoding=found)
    return TextSource(path, found, delimiter or find_delimiter(path, found), is_guessed)


def find_encoding(path: Path) -> tuple[str, bool]:
    """Return the encoding, and whether it is a guess that nothing in the file proves.

    Shape:  a mark, UTF-16 by its zeros, UTF-8 when nearly all foreign letters are valid, else the likeliest old one.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    for mark, name in MARKS:
        if head.startswith(mark):
            return name, False
    if head.count(0) > len(head) // 4:
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be", False
    if is_utf_8(path):
        return "utf-8", False
    words = old_letters(path)
    if is_damaged_utf_8(words):
        return "utf-8", False
    return NAMES[likeliest_encoding(words)], True


def is_damaged_utf_8(words: bytes) -> bool:
    """Return whether words are UTF-8 but for a few bytes: letters of old encodings never fall into its pattern.

    >>> is_damaged_utf_8("Αθήνα Θεσσαλονίκη ".encode() + b"\\xff"), is_damaged_utf_8("Αθήνα".encode("cp1253"))
    (True, False)
    """
    text = words.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(1 for letter in text if letter > "\x7f") - broken > 3 * broken


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
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            sample = file.read(64 * 1024)
    except UnicodeError as error:
        raise ImportRowError("import.encoding", encoding=encoding) from error
    told = re.match(r'"?sep=(.)', sample)
    if told and is_delimiter(told[1]):
        return told[1]
    scores = {delimiter: evenness(sample, delimiter) for delimiter in FOUND}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0, 0) else ","


def evenness(sample: str, delimiter: str) -> tuple[float, int]:
    """Return (share of rows with the usual number of cells, that number); zeros when it never cuts."""
    sizes = Counter(len(row) for row in parted_sample(sample, delimiter) if row)
    cut = Counter({size: times for size, times in sizes.items() if size > 1})
    if not cut:
        return (0, 0)
    usual, times = cut.most_common(1)[0]
    return (round(times / sizes.total(), 1), usual)
