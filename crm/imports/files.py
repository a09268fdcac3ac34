"""Uploaded files and problem files in the file store, where every process finds them."""

from __future__ import annotations

from typing import BinaryIO
from uuid import uuid4

from crm.errors import ImportRowError, TooLargeError
from crm.file_store import erase_file, local_file, local_path, write_file

__all__ = ["erase_file", "local_file", "local_path", "save_file"]

FOLDER = "imports"


def save_file(files_url: str, source: BinaryIO, extension: str, limit_mb: int) -> tuple[str, str]:
    """Keep a stream in the store; return (its key, the fingerprint of its bytes).

    Errors: ImportRowError import.too_large as soon as the limit is passed; nothing is kept then.
    """
    key = f"{FOLDER}/{uuid4().hex}.{extension}"
    try:
        return key, write_file(files_url, key, source, limit_mb)[0]
    except TooLargeError as error:
        raise ImportRowError("import.too_large", limit=limit_mb) from error
