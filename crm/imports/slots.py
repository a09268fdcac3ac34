"""How many files are looked at once: few, so that neither pages nor other work wait for somebody's spreadsheet."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

SLOTS = 1


@contextmanager
def free_slot(house: str, whose: str = "web", slots: int = SLOTS) -> Iterator[bool]:
    """Hold one of the machine's slots of a house; False at once when all are taken.

    Shape:  web processes and workers have their own. The system frees a slot when its process ends, however it ends.
    """
    digest = sha256(house.encode()).hexdigest()[:16]
    for number in range(slots):
        path = Path(tempfile.gettempdir()) / f"koine-look-{digest}-{whose}-{number}.lock"
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            yield True
            return
    yield False
