"""Where files lie: a folder of this machine, or whatever fsspec reaches. Keys are ours, never what a person typed."""

from __future__ import annotations

import errno
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from crm.errors import StoreFullError, TooLargeError

if TYPE_CHECKING:
    import fsspec

BLOCK = 1 << 20
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_file(files_url: str, key: str, source: BinaryIO, limit_mb: int) -> tuple[str, int]:
    """Keep a stream under a key; return the fingerprint (SHA-256) and the size of its bytes.

    Errors: TooLargeError as soon as the limit is passed, StoreFullError when the store has no room, OSError;
            then nothing is kept.
    """
    system, path = place_of(files_url, key)
    digest, size = hashlib.sha256(), 0
    try:
        system.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        with system.open(path, "wb") as target:
            while block := source.read(BLOCK):
                size += len(block)
                if size > limit_mb * BLOCK:
                    raise TooLargeError("file.too_large", limit=limit_mb)
                digest.update(block)
                target.write(block)
    except TooLargeError:
        erase_file(files_url, key)
        raise
    except OSError as error:
        with suppress(OSError):
            erase_file(files_url, key)
        if is_full(error):
            raise StoreFullError("file.no_room") from error
        raise
    return digest.hexdigest(), size


def is_full(error: BaseException) -> bool:
    """Return whether an error says that a disk has no room left."""
    return isinstance(error, OSError) and error.errno in FULL


@contextmanager
def local_file(files_url: str, key: str) -> Iterator[Path]:
    """Give the stored file as a file of this machine, for as long as it is needed."""
    own = local_path(files_url, key)
    if own is not None:
        yield own
        return
    with tempfile.TemporaryDirectory(prefix="koine-") as folder:
        copy = Path(folder) / Path(key).name
        with open_file(files_url, key) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, BLOCK)
        yield copy


def open_file(files_url: str, key: str) -> BinaryIO:
    """Open a stored file for reading.

    Errors: FileNotFoundError.
    """
    system, path = place_of(files_url, key)
    return system.open(path, "rb")


def local_path(files_url: str, key: str) -> Path | None:
    """Return the file's path when the store is a local folder, else None."""
    system, path = place_of(files_url, key)
    protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    return Path(path) if "file" in protocols else None


def erase_file(files_url: str, key: str) -> None:
    """Forget a file; one that is gone already is fine."""
    system, path = place_of(files_url, key)
    if system.exists(path):
        system.rm(path)


def place_of(files_url: str, key: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """Return the file system behind an address, and the path a key has in it.

    Who handles no file does not load what reaches one.
    """
    import fsspec

    system, root = fsspec.core.url_to_fs(files_url)
    return system, f"{root.rstrip('/')}/{key}"
