"""Child processes that never outlive us."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def die_with_parent(parent: int | None = None) -> None:
    """Ask the kernel to kill this process when its parent is gone, even when that was killed itself.

    Call it in the child, after the fork. It works on Linux only; elsewhere a child ends when it is asked to.

    Shape:  `parent` is the process id that the parent noted before the fork; None when it could not pass one on,
            as to a separate program.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:  # It went before we could ask.
        os._exit(1)


def start_child(command: Sequence[str], environ: Mapping[str, str], **places: object) -> subprocess.Popen:
    """Start a program that ends with us and that Ctrl-C in our terminal does not reach directly.

    Shape:  `places` are `cwd`, `stdout` and their like, as Popen takes them.
    """
    ask = partial(die_with_parent, os.getpid())
    return subprocess.Popen(
        list(command), env=dict(environ), preexec_fn=ask, start_new_session=True, **places
    )


def stop_children(children: Iterable[subprocess.Popen], seconds: float) -> None:
    """Ask the programs to end, and kill those that have not after so many seconds."""
    running = [child for child in children if child.poll() is None]
    for child in running:
        child.terminate()
    deadline = time.monotonic() + seconds
    for child in running:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
