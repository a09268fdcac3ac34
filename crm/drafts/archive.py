"""Documents as files and back: packed into one archive, and read from whatever somebody sends as one."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.entities.kinds import folder_of
from crm.entities.load import MAX_FILES, load_document
from crm.entities.model import Document
from crm.entities.yaml import MAX_BYTES, write_yaml
from crm.errors import Problem

MB = 1 << 20
MAX_PACKED_MB = 10
MAX_UNPACKED_MB = 20
MOST_PROBLEMS = 200
REVISION_FILE = "revision.txt"
YAML_NAMES = (".yaml", ".yml")
BROKEN = (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, zlib.error, UnicodeError)


@dataclass(frozen=True)
class Sent:
    """What somebody sent: its documents, or what is wrong with it.

    Shape:  `left_out` names files that are no documents. `origin` is what a file `revision.txt` says. Sent files with
            problems are not to be taken, not even in part.
    """

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    left_out: tuple[str, ...] = ()
    origin: str = ""


def pack_documents(documents: Iterable[Document], origin: str) -> bytes:
    """Return documents as files in one archive; `origin` says of which revision they are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for document in documents:
            place = f"{folder_of(document.kind)}/{document.name}.yaml"
            archive.writestr(place, write_yaml(dict(document.body)))
        archive.writestr(REVISION_FILE, f"{origin}\n")
    return packed.getvalue()


def origin_of(number: int, bodies: Iterable[Mapping[str, Any]]) -> str:
    """Return a revision's number with a digest of its documents, to tell it from one of another installation."""
    texts = sorted(json.dumps(body, ensure_ascii=False, default=str) for body in bodies)
    return f"{number} {hashlib.blake2s(chr(0).join(texts).encode(), digest_size=16).hexdigest()}"


def read_files(files: Iterable[tuple[str, bytes]]) -> Sent:
    """Return the documents of files by name: YAML, or archives of it; every problem of every file is found."""
    sent, texts = Sent(), []
    for name, content in files:
        is_archive = name.lower().endswith(".zip")
        room = MAX_UNPACKED_MB * MB - sum(len(text) for _name, text in texts)
        found = list(_unpack(name, content, room)) if is_archive else [_sized(name, content)]
        sent = replace(sent, problems=(*sent.problems, *(one for one in found if isinstance(one, Problem))))
        if any(problem.code == "draft.unpacks_too_large" for problem in sent.problems):
            return sent
        texts += [one for one in found if not isinstance(one, Problem)]
    if len(texts) > MAX_FILES:
        return Sent(problems=(Problem("draft.too_many_files", {"limit": MAX_FILES}),))
    for name, content in texts:
        sent = _with_file(sent, name, content)
    problems = [*sent.problems, *_twice(sent.documents)]
    if not problems and not sent.documents:
        problems = [Problem("draft.no_files")]
    return replace(sent, problems=tuple(problems[:MOST_PROBLEMS]))


def _with_file(sent: Sent, name: str, content: bytes) -> Sent:
    parts = name.split("/")
    if parts[-1] == REVISION_FILE:
        return replace(sent, origin=content[:100].decode("ascii", "replace").strip())
    if "__MACOSX" in parts or parts[-1].startswith(".") or not name.lower().endswith(YAML_NAMES):
        return replace(sent, left_out=(*sent.left_out, name))
    try:
        document, problems = load_document(content.decode("utf-8"), name)
    except UnicodeDecodeError:
        document, problems = None, [Problem("schema.not_utf8", file=name)]
    documents = (*sent.documents, document) if document is not None and not problems else sent.documents
    return replace(sent, documents=documents, problems=(*sent.problems, *problems))


def _sized(name: str, content: bytes) -> tuple[str, bytes] | Problem:
    if len(content) > MAX_BYTES:
        return Problem("schema.file_too_large", {"limit": MAX_BYTES // 1000}, file=name)
    return name, content


def _unpack(name: str, content: bytes, room: int) -> Iterator[tuple[str, bytes] | Problem]:
    """Yield the files of an archive up to a number of bytes, counted while reading: the directory may lie."""
    if len(content) > MAX_PACKED_MB * MB:
        yield Problem("draft.archive_too_large", {"limit": MAX_PACKED_MB}, file=name)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MAX_FILES:
                yield Problem("draft.too_many_files", {"limit": MAX_FILES}, file=name)
                return
            for member in members:
                found = _member(archive, member)
                room -= 0 if isinstance(found, Problem) else len(found[1])
                if room < 0:
                    yield Problem("draft.unpacks_too_large", {"limit": MAX_UNPACKED_MB}, file=name)
                    return
                yield found
    except BROKEN:
        yield Problem("draft.no_archive", file=name)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[str, bytes] | Problem:
    name = member.filename.replace("\\", "/")
    place = name[:200]
    if name.startswith("/") or ":" in name or ".." in name.split("/") or not name.isprintable():
        return Problem("draft.wicked_path", file=place)
    if stat.S_ISLNK(member.external_attr >> 16):
        return Problem("draft.wicked_path", file=place)
    if member.flag_bits & 0x1:
        return Problem("draft.sealed_file", file=place)
    try:
        with archive.open(member) as part:
            return _sized(name, part.read(MAX_BYTES + 1))
    except (*BROKEN, RuntimeError):
        return Problem("draft.broken_file", file=place)


def _twice(documents: Iterable[Document]) -> list[Problem]:
    """Return a problem for every document that came before in another file."""
    seen: dict[tuple[str, str], str] = {}
    problems = []
    for document in documents:
        key = (document.kind, document.name)
        if key in seen:
            params = {"kind": document.kind, "name": document.name, "other": seen[key]}
            problems.append(Problem("schema.declared_twice", params).at(**document.place(document.kind)))
        seen.setdefault(key, document.file)
    return problems
