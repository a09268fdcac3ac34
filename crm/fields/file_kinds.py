"""What a file is: told by its first and last bytes, the name says only what these leave open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 64 * 1024


@dataclass(frozen=True)
class FileKind:
    """One kind of file.

    Shape:  `group` is what an admin may accept all of at once. `extensions` are those its files may have, the
            usual one first; `by_name` says that files of several formats look like this inside.
    """

    name: str
    mime: str
    group: str
    extensions: tuple[str, ...]
    by_name: bool = False


KINDS: dict[str, FileKind] = {
    kind.name: kind
    for kind in (
        FileKind("png", "image/png", "image", ("png",)),
        FileKind("jpeg", "image/jpeg", "image", ("jpg", "jpeg", "jpe", "jfif")),
        FileKind("gif", "image/gif", "image", ("gif",)),
        FileKind("webp", "image/webp", "image", ("webp",)),
        FileKind("bmp", "image/bmp", "image", ("bmp",)),
        FileKind("tiff", "image/tiff", "image", ("tif", "tiff")),
        FileKind("heic", "image/heic", "image", ("heic", "heif", "avif")),
        FileKind("svg", "image/svg+xml", "drawing", ("svg",)),
        FileKind("pdf", "application/pdf", "document", ("pdf",)),
        FileKind("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document",
                 ("docx", "docm")),
        FileKind("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "document",
                 ("xlsx", "xlsm", "xlsb")),
        FileKind("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "document",
                 ("pptx", "ppsx")),
        FileKind("odt", "application/vnd.oasis.opendocument.text", "document", ("odt",)),
        FileKind("ods", "application/vnd.oasis.opendocument.spreadsheet", "document", ("ods",)),
        FileKind("odp", "application/vnd.oasis.opendocument.presentation", "document", ("odp",)),
        FileKind("office", "application/x-ole-storage", "document", ("doc", "xls", "ppt", "msg"), by_name=True),
        FileKind("rtf", "application/rtf", "document", ("rtf",)),
        FileKind("text", "text/plain", "text", ("txt", "csv", "tsv", "md", "json", "log", "eml", "vcf", "ics"),
                 by_name=True),
        FileKind("html", "text/html", "page", ("html", "htm", "xhtml")),
        FileKind("xml", "application/xml", "page", ("xml",)),
        FileKind("zip", "application/zip", "archive", ("zip",)),
        FileKind("7z", "application/x-7z-compressed", "archive", ("7z",)),
        FileKind("rar", "application/vnd.rar", "archive", ("rar",)),
        FileKind("gz", "application/gzip", "archive", ("gz", "tgz")),
        FileKind("mp3", "audio/mpeg", "audio", ("mp3",)),
        FileKind("wav", "audio/wav", "audio", ("wav",)),
        FileKind("ogg", "audio/ogg", "audio", ("ogg", "oga", "opus")),
        FileKind("mp4", "video/mp4", "video", ("mp4", "m4v", "mov", "m4a", "3gp")),
        FileKind("webm", "video/webm", "video", ("webm", "mkv")),
        FileKind("avi", "video/x-msvideo", "video", ("avi",)),
        FileKind("program", "application/x-executable", "program", ("exe",)),
        FileKind("unknown", "application/octet-stream", "unknown", (), by_name=True),
    )
}  # fmt: skip

GROUPS = ("image", "document", "text", "audio", "video", "archive")
"""What `accept` may name besides extensions and MIME types."""

SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a page may show by itself; everything else is only ever downloaded."""

PROGRAMS = frozenset({
    "exe", "dll", "com", "scr", "msi", "msp", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta",
    "cpl", "jar", "lnk", "reg", "pif", "app", "sh", "apk", "deb", "rpm",
})  # fmt: skip
"""Extensions of what a double click would run."""

STARTS = (
    (b"%PDF-", "pdf"), (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF87a", "gif"),
    (b"GIF89a", "gif"), (b"BM", "bmp"), (b"II*\0", "tiff"), (b"MM\0*", "tiff"), (b"{\\rtf", "rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07", "rar"),
    (b"\x1f\x8b", "gz"), (b"ID3", "mp3"), (b"\xff\xfb", "mp3"), (b"\xff\xf3", "mp3"), (b"OggS", "ogg"),
    (b"\x1a\x45\xdf\xa3", "webm"), (b"MZ", "program"), (b"\x7fELF", "program"), (b"#!", "program"),
    (b"\xca\xfe\xba\xbe", "program"), (b"\xcf\xfa\xed\xfe", "program"), (b"\xfe\xed\xfa", "program"),
    (b"L\0\0\0\x01\x14\x02\0", "program"),
)  # fmt: skip
RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
STILL = (b"heic", b"heix", b"heif", b"mif1", b"msf1", b"avif")
ZIPPED = (
    (b"word/", "docx"), (b"xl/", "xlsx"), (b"ppt/", "pptx"),
    (b"application/vnd.oasis.opendocument.text", "odt"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"application/vnd.oasis.opendocument.presentation", "odp"),
    (b"META-INF/MANIFEST.MF", "program"), (b"classes.dex", "program"),
)  # fmt: skip
MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<object", b"<embed")


def kind_of_content(head: bytes, tail: bytes = b"") -> FileKind:
    """Return what a file is by its first and last bytes.

    >>> kind_of_content(b"%PDF-1.7").name, kind_of_content(b" <SVG onload=x>").name, kind_of_content(b"a;b").name
    ('pdf', 'svg', 'text')
    """
    if head[:4] == b"RIFF":
        return KINDS[RIFF.get(head[8:12], "unknown")]
    if head[4:8] == b"ftyp":
        return KINDS["heic" if head[8:12] in STILL else "mp4"]
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return KINDS[next((name for sign, name in ZIPPED if sign in head or sign in tail), "zip")]
    found = next((name for sign, name in STARTS if head.startswith(sign)), None)
    return KINDS[found or _kind_of_text(head)]


def _kind_of_text(head: bytes) -> str:
    """Return what a file without a signature is: a page, a drawing, a text, or nothing we know."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _kind_of_text(head.decode("utf-16", "replace").encode())
    if b"\0" in head:
        return "unknown"
    lowered = head[:4_096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if any(word in lowered for word in MARKUP):
        return "html"
    if b"<svg" in lowered:
        return "svg"
    return "xml" if lowered.startswith(b"<?xml") else "text"


def extension_of(name: str) -> str:
    """Return the last extension of a file's name, in small letters.

    >>> extension_of("report.PDF"), extension_of("invoice.pdf.exe"), extension_of("README")
    ('pdf', 'exe', '')
    """
    stem, dot, extension = name.rpartition(".")
    return extension.strip().lower() if dot and stem else ""


def is_program(kind: FileKind, name: str) -> bool:
    """Return whether a double click on a file would run it."""
    return kind.name == "program" or extension_of(name) in PROGRAMS


def is_accepted(kind: FileKind, name: str, accept: Iterable[str]) -> bool:
    """Return whether a file is one of the kinds an admin named; the name alone convinces nobody.

    >>> is_accepted(KINDS["html"], "photo.png", ["image"]), is_accepted(KINDS["jpeg"], "photo.jpg", ["image/*"])
    (False, True)
    """
    return any(_is_meant(word, kind, extension_of(name)) for word in accept)


def _is_meant(word: str, kind: FileKind, extension: str) -> bool:
    if "/" in word:
        return kind.mime == word or (
            word.endswith("/*") and kind.mime.startswith(word[:-1]) and kind.name != "svg"
        )
    if word in GROUPS:
        return kind.group == word
    meant = next((known for known in KINDS.values() if word in known.extensions), None)
    if meant is None:  # a format we cannot tell by its bytes
        return extension == word and kind.name in ("unknown", "text", "zip")
    return kind.name == meant.name and (not meant.by_name or extension == word)


def for_browsers(accept: Iterable[str]) -> str:
    """Return the words as the `accept` attribute of a file control has them."""
    found: list[str] = []
    for word in accept:
        if "/" in word:
            found.append(word)
        elif word in ("image", "audio", "video"):
            found.append(f"{word}/*")  # a phone offers its camera for these
        elif word in GROUPS:
            found += [f".{end}" for kind in KINDS.values() if kind.group == word for end in kind.extensions]
        else:
            found.append(f".{word}")
    return ",".join(dict.fromkeys(found))


def endings_of(accept: Iterable[str]) -> list[str]:
    """Return the words as people read them in every language: the usual endings of the files that are meant.

    >>> endings_of(["image/png", "archive", "docx", "dwg"])
    ['png', 'zip', '7z', 'rar', 'gz', 'docx', 'dwg']
    """
    found: list[str] = []
    for word in accept:
        kinds = [kind for kind in KINDS.values() if kind.extensions and _is_group(word, kind)]
        found += [kind.extensions[0] for kind in kinds] or [word]
    return list(dict.fromkeys(found))


def _is_group(word: str, kind: FileKind) -> bool:
    return word in (kind.group, kind.mime) or (word.endswith("/*") and _is_meant(word, kind, ""))
