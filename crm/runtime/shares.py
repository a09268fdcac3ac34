"""How many connections each web process has, so that none takes them all while its neighbours have nothing to do."""

from __future__ import annotations

import mmap

PLACES = 128  # more than there are ever web processes
NOBODY = 0


class Shares:
    """Counts of connections in memory that a parent shares with the processes it forks.

    Shape:  a place holds one more than its process has connections; 0 says that nobody is there.
    """

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, PLACES * 4)).cast("I")

    def take_place(self) -> int:
        """Return a free place, taken for a process that is about to be forked."""
        place = next((place for place, count in enumerate(self._counts) if count == NOBODY), PLACES - 1)
        self._counts[place] = 1
        return place

    def leave(self, place: int) -> None:
        """Let a place be free again; its process is gone or takes no more connections."""
        self._counts[place] = NOBODY

    def note(self, place: int, connections: int) -> None:
        """Say how many connections a process has."""
        self._counts[place] = connections + 1

    def has_most(self, place: int) -> bool:
        """Return whether another process has fewer connections.

        >>> shares = Shares()
        >>> here, there = shares.take_place(), shares.take_place()
        >>> shares.note(here, 1)
        >>> shares.has_most(here), shares.has_most(there)
        (True, False)
        >>> shares.leave(there)
        >>> shares.has_most(here)
        False
        """
        own = self._counts[place]
        return any(NOBODY < count < own for count in self._counts)
