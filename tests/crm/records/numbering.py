"""A process that creates numbered complaints: `python -m tests.crm.records.numbering URL CUSTOMER COUNT`.

It says "drawn" when a number is drawn and not committed yet; with a COUNT of 0 it then waits to be killed.
"""

from __future__ import annotations

import sys
import time

from app import wire
from crm.database import build_engine, open_session
from crm.permissions.model import SYSTEM
from crm.records.service import create_record
from crm.revisions.workspace import get_workspace


def main(url: str, customer: int, count: int) -> None:
    """Create so many complaints, one transaction each."""
    wire()
    engine = build_engine(url)
    workspace = get_workspace(engine)
    entity = workspace.schema.entities["complaint"]
    for place in range(count or 1):
        with open_session(engine, workspace, SYSTEM) as session:
            made = create_record(session, entity, {"subject": f"S{place}", "customer": customer})
            sys.stdout.write(f"drawn {made.number}\n")
            sys.stdout.flush()
            if not count:
                time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
