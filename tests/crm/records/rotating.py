"""A house with secrets, and a process that seals them anew: `python -m tests.crm.records.rotating URL FOLDER PAUSE`."""

from __future__ import annotations

import copy
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession, build_engine
from crm.entities.load import documents_from_json
from crm.permissions.model import SYSTEM
from crm.records.rotation import reseal_everything
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.secrets import add_key, read_keys, use_keys


def use_folder(folder: Path) -> None:
    """Take the keys from a folder; the first one is made."""
    use_keys(lambda: read_keys("", folder, may_make=True))


def publish_customers(engine: sa.Engine, *more: dict[str, Any], **fields: Any) -> int:
    """Publish customers with other fields, and more documents; None takes a field away. Return the revision."""
    bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
    customer = next(body for body in bodies if body.get("entity") == "customer" and "fields" in body)
    merged = {**customer["fields"], **fields}
    customer["fields"] = {name: body for name, body in merged.items() if body is not None}
    return publish_schema(engine, documents_from_json([*bodies, *more]), "secrets")


def open_system(engine: sa.Engine) -> CrmSession:
    """Open a session of the system on the live revision."""
    workspace = get_workspace(engine)
    session = CrmSession(workspace.bind(engine))
    session.workspace, session.actor = workspace, SYSTEM
    return session


def tell(words: object) -> None:
    """Say something to whoever started this process."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    import workflows.runs.store  # noqa: F401 - a command has every table

    place = Path(sys.argv[2])
    use_folder(place)
    tell(add_key(place).id)
    time.sleep(float(sys.argv[3]))
    tell(reseal_everything(build_engine(sys.argv[1])))
