"""Our side of the reading process: ask it, watch it, stop it, and turn its death into a clear refusal."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any

import orjson

from crm.errors import ImportRowError, UnavailableError
from crm.imports.cells import typed_row
from crm.imports.findings import Findings
from crm.imports.model import Limits, Look, Reading, build_look

ROOT = Path(__file__).resolve().parents[2]
READERS = {"xlsx": ("calamine", "openpyxl")}  # the second one is asked when the first one dies
STREAM = 1 << 16
DEATHS = {
    -signal.SIGXCPU: "import.too_slow",
    -signal.SIGKILL: "import.too_slow",  # what the system sends when SIGXCPU was not enough
    -signal.SIGABRT: "import.too_much_memory",
}
"""What a reading process that died by itself had too much of."""

BEAT_SECONDS = 2.0  # between two calls of whoever wants to know that we still wait

Rows = list[tuple[int, list[Any]]]
Beat = Callable[[float], None]  # takes the seconds we have waited so far


class ReaderDied(Exception):
    """The reading process ended without an answer: killed, aborted, out of time."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def look_at_file(
    path: Path, name: str, limits: Limits, reading: Reading | None = None, beat: Beat | None = None
) -> Look:
    """Return what a file holds: its sheets with headers, row counts and first rows.

    Shape:  `name` is what the person called the file; its extension must fit the content. `reading` carries a
            header row, an encoding or a delimiter that a person chose. `beat` is called now and then.
    Errors: ImportRowError with a code of `crm/messages/imports.py`.
    """
    extension = Path(name).suffix.lower().lstrip(".")
    with linked(path, extension) as link:
        asked = {
            **(reading or Reading("")).as_json(),
            "action": "look",
            "path": str(link),
            "extension": extension,
        }
        look = build_look(look_with_readers(asked, Clock(limits, beat)))
    told = reading.header_row if reading and not reading.sheet else None
    if told and (look.chosen is None or look.chosen.header_row != told):
        raise ImportRowError("import.no_such_row", row=told)
    return look


def look_with_readers(request: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Return the look of the first reader that survives the file; all of them share one clock.

    Errors: ImportRowError.
    """
    readers, last = ["calamine"], ImportRowError("import.corrupt")
    for reader in readers:
        try:
            for answer in ask({**request, "reader": reader}, clock):
                if "end" in answer:
                    return answer["end"]
                readers += [other for other in READERS.get(answer["kind"], ()) if other not in readers]
        except ReaderDied as death:
            last = ImportRowError(death.code)
            if death.code == "import.too_slow":
                break
    raise last


def check_look(look: Look) -> None:
    """Refuse a file without a visible row to import.

    Errors: ImportRowError: import.empty, import.header_only.
    """
    if look.chosen is None:
        raise ImportRowError("import.empty")
    if not look.chosen.rows:
        raise ImportRowError("import.header_only", sheet=look.chosen.name)


def read_rows(
    path: Path,
    reading: Reading,
    limits: Limits,
    findings: Findings | None = None,
    beat: Beat | None = None,
) -> Iterator[Rows]:
    """Yield the filled rows below the header in chunks of (row number, typed cells from column A).

    Shape:  `reading` has a kind, a sheet and a header row, as a look found them. Closing the iterator stops
            the reading process; a slow consumer costs it nothing. A row that cannot become a record is a
            `FaultyRow`; what else was left out stands in `findings` after the last chunk. `beat` is called now
            and then while we wait.
    Errors: ImportRowError with a code of `crm/messages/imports.py`, also after some chunks.
    """
    clock, findings = Clock(limits, beat), findings or Findings()
    with linked(path, reading.kind) as link:
        request = {**reading.as_json(), "action": "rows", "path": str(link)}
        readers = READERS.get(reading.kind, ("calamine",))
        for place, reader in enumerate(readers, start=1):
            sent = 0
            try:
                for rows in stream_rows({**request, "reader": reader}, clock, findings):
                    sent += len(rows)
                    yield rows
                return
            except ReaderDied as death:
                if sent or place == len(readers) or death.code == "import.too_slow":
                    raise ImportRowError(death.code) from death


def stream_rows(request: dict[str, Any], clock: Clock, findings: Findings) -> Iterator[Rows]:
    """Yield the chunks of one attempt."""
    for answer in ask(request, clock):
        if "rows" in answer:
            yield [(number, typed_row(*cells)) for number, *cells in answer["rows"]]
        elif "findings" in answer:
            findings.take(answer["findings"])


class Clock:
    """How long a file may still be read, whichever reader does it; who waits may want to know now and then.

    Unit:   seconds.
    """

    def __init__(self, limits: Limits, beat: Beat | None = None) -> None:
        self.limits, self.left, self.beat = limits, float(limits.seconds), beat
        self.next_beat = BEAT_SECONDS

    def wait(self, handle: int) -> None:
        """Wait until there is something to read.

        Errors: ReaderDied when the time is over; whatever `beat` raises.
        """
        while True:
            begun = time.monotonic()
            ready, _, _ = select.select([handle], [], [], max(0.0, min(self.left, self.next_beat)))
            waited = time.monotonic() - begun
            self.left, self.next_beat = self.left - waited, self.next_beat - waited
            if self.next_beat <= 0:
                self.next_beat = BEAT_SECONDS
                if self.beat is not None:
                    self.beat(self.limits.seconds - self.left)
            if ready:
                return
            if self.left <= 0:
                raise ReaderDied("import.too_slow")

    def as_limits(self) -> dict[str, Any]:
        """Return the limits of a reading process that begins now."""
        return {**asdict(self.limits), "seconds": max(1, ceil(self.left))}


def ask(request: dict[str, Any], clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield the answers of a reading process of its own, the last one holding "end".

    Errors: ImportRowError when it refuses; ReaderDied when it fails without saying why.
    """
    process = start_process()
    try:
        process.stdin.write(orjson.dumps({**request, "limits": clock.as_limits()}))
        process.stdin.close()
        lines = read_lines(process, clock)
        if next(lines, None) is None:  # our own fault, not the file's
            raise UnavailableError("import.no_reader")
        for line in lines:
            answer = orjson.loads(line)
            if "refused" in answer:
                raise ImportRowError(answer["refused"]["code"], **answer["refused"]["params"])
            if "failed" in answer:
                raise ReaderDied("import.corrupt")
            yield answer
            if "end" in answer:
                return
        raise ReaderDied(DEATHS.get(process.wait(), "import.corrupt"))
    except BrokenPipeError as error:
        raise UnavailableError("import.no_reader") from error
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def start_process() -> subprocess.Popen[bytes]:
    """Start the reading process: nothing of our environment but what Python needs."""
    return subprocess.Popen(
        [sys.executable, "-m", "crm.imports.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONUTF8": "1", "RUST_BACKTRACE": "0"},
        start_new_session=True,
    )


def read_lines(process: subprocess.Popen[bytes], clock: Clock) -> Iterator[bytes]:
    """Yield the lines of its output; only the time we wait for them counts against the limit."""
    handle, buffer = process.stdout.fileno(), bytearray()
    while True:
        clock.wait(handle)
        block = os.read(handle, STREAM)
        if not block:
            return
        buffer += block
        *lines, rest = buffer.split(b"\n")
        buffer = bytearray(rest)
        yield from lines


@contextmanager
def linked(path: Path, kind: str) -> Iterator[Path]:
    """Give the file the name its kind asks for: calamine chooses its reader by the name."""
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        link = Path(folder) / f"source.{kind or 'bin'}"
        link.symlink_to(path.resolve())
        yield link
