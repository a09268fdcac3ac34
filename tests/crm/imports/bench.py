"""What tests of imports share: a workshop in the test's folder, and imports done in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from crm.database import CrmSession
from crm.imports import lease, service, store, work
from crm.imports.matching import tell_columns
from crm.imports.model import Limits, Look, Reading, build_matching

Table = Sequence[Sequence[Any]]


@dataclass
class Workshop:
    """Imports files into this test's database, by the steps of the wizard.

    Shape:  `session_as` is the fixture; `who` imports, the system unless said.
    """

    shop: lease.ImportWorkshop
    session_as: Callable[..., CrmSession]

    def start(self, content: bytes, entity: str, name: str = "rows.csv", **options: Any) -> int:
        """Upload and match a file; return its batch, ready to be checked.

        Shape:  `options`: who, told (as `--map`), mode, keys, rules.
        """
        with self.session_as(*filter(None, [options.get("who")])) as session:
            found = service.entity_of(session, entity)
            batch_id = service.start_import(session, self.shop.settings, found, BytesIO(content), name)
            matching = build_matching(service.get_batch(session, batch_id)["matching"])
            chosen = replace(
                matching,
                columns=tell_columns(matching.columns, options.get("told", ()), found),
                mode=options.get("mode", "create"),
                keys=tuple(options.get("keys", ())),
                rules=options.get("rules", "run"),
            )
            service.match_columns(session, batch_id, chosen)
            service.begin_check(session, batch_id)
            session.commit()
        return batch_id

    def check(self, content: bytes, entity: str, **options: Any) -> dict[str, Any]:
        """Import up to the plan; return the batch."""
        batch_id = self.start(content, entity, **options)
        assert work.check_batch(self.shop, batch_id)
        return self.batch(batch_id)

    def run(self, content: bytes, entity: str, **options: Any) -> dict[str, Any]:
        """Import a file and return the batch; one that could not be checked is returned as it is."""
        batch = self.check(content, entity, **options)
        return self.apply(batch["id"]) if batch["state"] == "checked" else batch

    def apply(self, batch_id: int) -> dict[str, Any]:
        """Run a checked import."""
        self.deed(batch_id, service.begin_apply)
        assert work.apply_batch(self.shop, batch_id)
        return self.batch(batch_id)

    def undo(self, batch_id: int) -> dict[str, Any]:
        """Take an import back."""
        self.deed(batch_id, service.begin_undo)
        assert work.undo_batch(self.shop, batch_id)
        return self.batch(batch_id)

    def deed(self, batch_id: int, deed: Callable[[CrmSession, int], None]) -> None:
        """Do one step as the system and commit it."""
        with self.session_as() as session:
            deed(session, batch_id)
            session.commit()

    def batch(self, batch_id: int) -> dict[str, Any]:
        """Return a batch."""
        with self.shop.engine.connect() as connection:
            return store.find_batch(connection, batch_id)

    def rows(self, batch_id: int) -> list[Any]:
        """Return the plan of a batch."""
        with self.shop.engine.connect() as connection:
            return store.list_plan_rows(connection, batch_id, 0, 100_000)


def counts(batch: dict[str, Any]) -> dict[str, int]:
    """Return the counts of a batch that are not zero."""
    return {name: batch[name] for name in store.COUNTED.values() if batch[name]}


def csv_of(table: Table, delimiter: str = ";") -> bytes:
    """Return a table as the bytes of a text file."""
    return "\n".join(delimiter.join(map(str, row)) for row in table).encode()


def shop_in(engine: Any, folder: Path) -> lease.ImportWorkshop:
    """Return a shop whose files lie in a folder."""
    return lease.ImportWorkshop(engine, service.ImportSettings(folder.as_uri(), Limits()))


def reading_of(look: Look) -> Reading:
    """Return the reading of the first filled sheet, as the look found it."""
    found = look.get_sheet(None)
    return Reading(look.kind, found.name, found.header_row, encoding=look.encoding, delimiter=look.delimiter)
