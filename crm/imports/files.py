"""Uploaded files and problem files in the file store, where every process finds them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import fsspec

from crm.errors import ImportRowError

FOLDER = "imports"
BLOCK = 1 << 20


def save_file(files_url: str, source: BinaryIO, extension: str, limit_mb: int) -> tuple[str, str]:
    """Keep a stream in the store; return (its key, the fingerprint of its bytes).

    Errors: ImportRowError import.too_large as soon as the limit is passed; nothing is kept then.
    """
    key = f"{FOLDER}/{uuid4().hex}.{extension}"
    system, root = fsspec.core.url_to_fs(files_url)
    path = f"{root.rstrip('/')}/{key}"
    system.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with system.open(path, "wb") as target:
        while block := source.read(BLOCK):
            size += len(block)
            if size > limit_mb * BLOCK:
                break
            digest.update(block)
            target.write(block)
    if size > limit_mb * BLOCK:
        system.rm(path)
        raise ImportRowError("import.too_large", limit=limit_mb)
    return key, digest.hexdigest()


@contextmanager
def local_file(files_url: str, key: str) -> Iterator[Path]:
    """Give the stored file as a file of this machine, for as long as it is needed."""
    own = local_path(files_url, key)
    if own is not None:
        yield own
        return
    system, root = fsspec.core.url_to_fs(files_url)
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        copy = Path(folder) / Path(key).name
        with system.open(f"{root.rstrip('/')}/{key}", "rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, BLOCK)
        yield copy


def local_path(files_url: str, key: str) -> Path | None:
    """Return where the file lies when the store is a folder of this machine, else None."""
    system, root = fsspec.core.url_to_fs(files_url)
    protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    return Path(root) / key if "file" in protocols else None


def erase_file(files_url: str, key: str) -> None:
    """Forget a file; one that is gone already is fine."""
    system, root = fsspec.core.url_to_fs(files_url)
    path = f"{root.rstrip('/')}/{key}"
    if system.exists(path):
        system.rm(path)
