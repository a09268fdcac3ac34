"""Rules that are slow, or go wrong again and again, give way: the others go on at nearly their full rate."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute

SLOW_SECONDS = 1.0  # a run that takes longer makes its rule one that gives way, until a run is quick again
OWED = 5  # seconds for the others, for each second of the rules that give way
TURN_SECONDS = 0.25  # so long rules that give way go on before somebody looks for other work


@dataclass
class Pace:
    """What this process has seen of rules.

    Shape:  `lagging` are the rules that give way: their runs are overtaken by those of other rules, never by their own.
            `single` are those of which a crowd took too long to be one transaction.
    Unit:   `owed`: seconds of work that the others have in advance, as long as they have any.
    """

    lagging: set[str] = attribute(default_factory=set)
    single: set[str] = attribute(default_factory=set)
    owed: float = 0.0

    def note_run(self, rule: str, seconds: float, went_well: bool) -> None:
        """Note how a run went that was done by itself."""
        if seconds > SLOW_SECONDS or not went_well:
            self.lagging.add(rule)
        else:
            self.lagging.discard(rule)

    def note_lagging(self, seconds: float) -> None:
        """Note how long rules that give way were at work."""
        self.owed += seconds * OWED

    def note_others(self, seconds: float) -> None:
        """Note how long the others were at work."""
        self.owed = max(self.owed - seconds, 0.0)


PACE = Pace()
"""That of this process: a worker lives on, and learns."""
