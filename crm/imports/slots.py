"""How many files web processes read at once: few, so that pages never wait for somebody's spreadsheet."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

SLOTS = 1


@contextmanager
def free_slot(house: str) -> Iterator[bool]:
    """Hold one of the machine's slots of a house; False at once when all are taken.

    Shape:  the system frees a slot when its process ends, however that ends.
    """
    digest = sha256(house.encode()).hexdigest()[:16]
    for number in range(SLOTS):
        path = Path(tempfile.gettempdir()) / f"koine-look-{digest}-{number}.lock"
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            yield True
            return
    yield False
