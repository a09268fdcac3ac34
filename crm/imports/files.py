"""Uploaded files and problem files in the store, where every process finds them; sealed where there are secrets."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from crm import file_store
from crm.errors import ImportRowError, TooLargeError
from crm.file_store import erase_file, local_path, open_file, write_file
from crm.secrets import SealedSource, open_blocks

__all__ = ["erase_file", "local_path"]

FOLDER = "imports"
SEALED_NAME = ".sealed"  # ends the key of a file that its batch's secret seals
MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps files in memory: opened ones need not touch a disk


def save_file(
    files_url: str, source: BinaryIO, extension: str, limit_mb: int, secret: bytes | None = None
) -> tuple[str, str]:
    """Keep a stream in the store, sealed when a secret is given; return (its key, the fingerprint of its bytes).

    Errors: ImportRowError import.too_large as soon as the limit is passed; nothing is kept then.
    """
    key = f"{FOLDER}/{uuid4().hex}.{extension}"
    try:
        if secret is None:
            return key, write_file(files_url, key, source, limit_mb)[0]
        sealed = SealedSource(source, secret, key)
        write_file(files_url, key + SEALED_NAME, sealed, limit_mb + 1)  # the seals need some room
        if sealed.size > limit_mb * file_store.BLOCK:
            erase_file(files_url, key + SEALED_NAME)
            raise TooLargeError("file.too_large", limit=limit_mb)
        return key + SEALED_NAME, sealed.digest.hexdigest()
    except TooLargeError as error:
        raise ImportRowError("import.too_large", limit=limit_mb) from error


@contextmanager
def local_file(files_url: str, key: str, secret: bytes | None = None) -> Iterator[Path]:
    """Give a stored file, opened, as a file of this machine for as long as it is needed."""
    if not is_sealed(key):
        with file_store.local_file(files_url, key) as path:
            yield path
        return
    with tempfile.TemporaryDirectory(prefix="import-", dir=memory_folder()) as folder:
        path = Path(folder) / "source"
        write_opened(files_url, key, secret, path)
        yield path


def write_opened(files_url: str, key: str, secret: bytes | None, path: Path) -> None:
    """Write a sealed file, opened, to a path that only its owner can read."""
    name = key.removesuffix(SEALED_NAME)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open_file(files_url, key) as source, os.fdopen(descriptor, "wb") as target:
        for block in open_blocks(source, secret or b"", name):
            target.write(block)


def memory_folder() -> str | None:
    """Return the folder that is kept in memory; None where there is none."""
    return str(MEMORY) if os.access(MEMORY, os.W_OK) else None


def is_sealed(key: str) -> bool:
    """Return whether a file is sealed."""
    return key.endswith(SEALED_NAME)


def secret_of(batch: Mapping[str, Any]) -> bytes | None:
    """Return what seals the files of a batch; None when it has no secrets."""
    return bytes.fromhex(batch["file_seal"]) if batch["file_seal"] else None
