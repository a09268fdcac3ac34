"""What a file really is, and whether opening it is safe. Runs in the reading process only."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from crm.errors import ImportRowError
from crm.imports.model import TEXT_KINDS, WORKBOOK_KINDS, Limits

MB = 1 << 20
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
PICTURES = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"%PDF",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"MZ",
    b"\x7fELF",
)
DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
HEAD = 4_096  # a document type stands before the first element, so at the very start
SMALL_PART = 4 * MB  # parts below this are not bombs, whatever their ratio


def find_kind(path: Path, extension: str, limits: Limits) -> str:
    """Return the kind the content has, after checking that it is safe to open and fits the name.

    Errors: ImportRowError: import.unknown_kind, import.password, import.corrupt, import.unsafe,
            import.too_large.
    """
    if extension not in WORKBOOK_KINDS + TEXT_KINDS:
        raise ImportRowError("import.unknown_kind", extension=extension or "?")
    check_size(path, limits)
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise ImportRowError("import.empty")
    if extension in TEXT_KINDS:
        if head.startswith((b"PK\x03\x04", OLE, *PICTURES)):
            raise ImportRowError("import.corrupt")
        return extension
    if head.startswith(OLE):
        return find_old_kind(path)
    if head.startswith(b"PK"):
        return find_zip_kind(path, limits)
    raise ImportRowError("import.corrupt")


def check_size(path: Path, limits: Limits) -> None:
    """Refuse a file above the upload limit."""
    if path.stat().st_size > limits.upload_mb * MB:
        raise ImportRowError("import.too_large", limit=limits.upload_mb)


def find_old_kind(path: Path) -> str:
    """Return "xls", unless the container holds a newer workbook behind a password."""
    if ENCRYPTED_PACKAGE in path.read_bytes():
        raise ImportRowError("import.password")
    return "xls"


def find_zip_kind(path: Path, limits: Limits) -> str:
    """Return the kind of a zipped workbook after summing its directory and refusing declared entities."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_directory(archive, limits)
            names = set(archive.namelist())
            for name in xml_parts(archive):
                check_head(archive, name)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError) as error:
        raise ImportRowError("import.corrupt") from error
    except RuntimeError as error:  # zipfile's way to say that a part is encrypted
        raise ImportRowError("import.password") from error
    if "xl/workbook.bin" in names:
        return "xlsb"
    return "ods" if "content.xml" in names else "xlsx"


def check_directory(archive: zipfile.ZipFile, limits: Limits) -> None:
    """Refuse an archive that unpacks to too much, judged by its directory alone."""
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.unpacked_mb * MB or len(parts) > limits.parts:
        raise ImportRowError("import.unpacks_too_large", limit=limits.unpacked_mb)
    for part in parts:
        if part.file_size > SMALL_PART and part.file_size > limits.ratio * max(part.compress_size, 1):
            raise ImportRowError("import.unpacks_too_large", limit=limits.unpacked_mb)
        if part.flag_bits & 0x1:
            raise ImportRowError("import.password")


def xml_parts(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield the names of the parts that are XML."""
    return (name for name in archive.namelist() if name.lower().endswith((".xml", ".rels")))


def check_head(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a part that declares a document type: no office program writes one, attacks do."""
    with archive.open(name) as part:
        head = part.read(HEAD)
    if DECLARATION.search(head.replace(b"\0", b"")):
        raise ImportRowError("import.unsafe")


def check_whole(path: Path) -> None:
    """Refuse declared entities anywhere in any XML part; before a reader that would expand them."""
    with zipfile.ZipFile(path) as archive:
        for name in xml_parts(archive):
            with archive.open(name) as part:
                while block := part.read(MB):
                    if DECLARATION.search(block.replace(b"\0", b"")):
                        raise ImportRowError("import.unsafe")
