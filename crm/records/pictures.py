"""Thumbnails of stored pictures: drawn in a separate process at the first request, stored next to the picture."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore

from crm import file_store
from crm.errors import CrmError
from crm.fields.file_kinds import SHOWN
from crm.records.file_rows import StoredFile

ROOT = Path(__file__).resolve().parents[2]
SUFFIX = "-small"  # of the thumbnail's key
SECONDS = 20
MOST_MB = 10
AT_ONCE = BoundedSemaphore(2)  # processes that draw


def thumbnail_of(files_url: str, stored: StoredFile) -> bytes:
    """Return the thumbnail of a picture as WebP; nothing for what cannot be drawn.

    Errors: FileNotFoundError when the picture is gone.
    """
    if stored.mime not in SHOWN:
        return b""
    key = thumbnail_key(stored.key)
    try:
        with file_store.open_file(files_url, key) as source:
            return source.read()
    except FileNotFoundError:
        pass
    with file_store.local_file(files_url, stored.key) as path, AT_ONCE:
        drawn = draw(path)
    with suppress(CrmError, OSError):  # a store without room: it is drawn again the next time
        file_store.write_file(files_url, key, io.BytesIO(drawn), MOST_MB)
    return drawn


def thumbnail_key(key: str) -> str:
    """Return where the thumbnail of a stored file is."""
    return key + SUFFIX


def draw(path: Path) -> bytes:
    """Return what the drawing process makes of a picture; nothing when it refuses, dies or takes too long.

    Errors: FileNotFoundError.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    command = [sys.executable, "-m", "crm.records.picture_child", str(path)]
    environ = {"PATH": os.environ.get("PATH", ""), "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return b""
    return done.stdout if done.returncode == 0 else b""
