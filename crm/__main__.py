"""`python -m crm [serve | worker | scheduler]`: everything as one, or one of its parts."""

from __future__ import annotations

import sys

from crm.runtime.processes import Programs, main


def wire() -> None:
    """Join the packages; only what runs them loads the app."""
    import app
    from crm import queue

    app.wire()
    queue.known_jobs()


PROGRAMS = Programs((sys.executable, "-m", "crm"), "python:crm.runtime.gunicorn_config", "app:app", wire)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], PROGRAMS))
