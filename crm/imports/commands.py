"""`flask crm import`, `import-look`, `import-status` and `import-undo`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from crm.commands import Context, crm_command
from crm.database import CrmSession, only_reading
from crm.errors import CrmError, ImportRowError, NotFoundError
from crm.imports import files, service, store, work
from crm.imports.carry import batches_today
from crm.imports.lease import Shop
from crm.imports.model import MODES, Look
from crm.imports.options import RULES, read_options
from crm.imports.reader import check_look, look_at_file
from crm.imports.undo import count_undo
from crm.messages import render
from crm.permissions.model import SYSTEM, Actor
from crm.permissions.service import actor_of_user
from crm.permissions.store import find_user_id

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def register(group: click.Group) -> None:
    """Add the commands of this package."""

    @crm_command(group, "import", help="Import a workbook or text file.")
    @click.argument("file", type=FILE)
    @click.option("--entity", required=True, help="The entity its rows become.")
    @click.option("--sheet", help="Name of the sheet; default the first visible one with data.")
    @click.option(
        "--header-row", type=click.IntRange(1), help="Row of the headers; default the first filled one."
    )
    @click.option("--map", "told", multiple=True, help="“Header=field”, or “Header=” to leave a column out.")
    @click.option("--mode", type=click.Choice(MODES), help="Default create; update for a file we exported.")
    @click.option("--key", "keys", multiple=True, help="Field by which existing records are found.")
    @click.option("--rules", type=click.Choice(RULES), default="run", show_default=True)
    @click.option("--encoding", help="Encoding of a text file; default found out.")
    @click.option("--delimiter", help="Delimiter of a text file, any one character; default found out.")
    @click.option("--long-cells", is_flag=True, help="Quoted cells over many lines are right.")
    @click.option("--as", "username", help="User whose rights count; default all rights.")
    @click.option("--dry-run", is_flag=True, help="Check and count only; write no record.")
    def import_file(context: Context, file: Path, entity: str, **options: Any) -> None:
        run_import(context, file, entity, options)

    @crm_command(group, "import-look", help="Show the sheets and columns of a file; writes nothing.")
    @click.argument("file", type=FILE)
    def look(context: Context, file: Path) -> None:
        tell_look(context, file)

    @crm_command(group, "import-status", help="Show how far an import is.")
    @click.argument("batch", type=int)
    def status(context: Context, batch: int) -> None:
        tell_status(context, batch)

    @crm_command(group, "import-undo", help="Take back what an import wrote and nobody changed since.")
    @click.argument("batch", type=int)
    @click.option("--dry-run", is_flag=True, help="Count only.")
    def undo(context: Context, batch: int, dry_run: bool) -> None:
        run_undo(context, batch, dry_run)


def run_import(context: Context, file: Path, entity_name: str, options: dict[str, Any]) -> None:
    """Import a file in this process, by the same steps and the same code as the wizard and its jobs."""
    shop = shop_of(context)
    with command_session(context, options["username"]) as session:
        entity = service.entity_of(session, entity_name)
        told = read_options(options_of(options), entity)
        with file.open("rb") as source:
            batch_id = service.start_import(session, shop.settings, entity, source, file.name, told)
        session.commit()
    work.check_batch(shop, batch_id)
    if not options["dry_run"] and state_of(context, batch_id) == "checked":
        with command_session(context, options["username"]) as session:
            service.begin_apply(session, batch_id)
            session.commit()
        work.apply_batch(shop, batch_id)
    tell_status(context, batch_id)


def options_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the command line as a program would send them."""
    names = ("sheet", "header_row", "encoding", "delimiter", "mode", "rules", "long_cells")
    return {**{name: options[name] for name in names}, "map": options["told"], "key": options["keys"]}


def tell_look(context: Context, file: Path) -> None:
    """Answer what the wizard's first step sees, or why the file is refused; then the exit code is 1."""
    facts: dict[str, Any] = {}
    try:
        look = look_at_file(file, file.name, service.import_settings(context.settings).limits)
        facts = facts_of(look)
        check_look(look)
    except ImportRowError as error:
        message = render(error, context.language)
        facts["refused"] = {"code": error.code, "message": message}
        click.echo(json.dumps(facts, ensure_ascii=False) if context.is_json else message)
        sys.exit(1)
    lines = [
        f"{sheet.name or file.name}{' (hidden)' if sheet.hidden else ''}: {sheet.rows} rows, header in row "
        f"{sheet.header_row}: {', '.join(sheet.columns)}"
        for sheet in look.sheets
    ]
    context.answer(facts, "\n".join(lines))


def facts_of(look: Look) -> dict[str, Any]:
    """Return a look as the command answers it."""
    return {
        "kind": look.kind,
        "encoding": look.encoding,
        "delimiter": look.delimiter,
        "chosen": look.chosen.name if look.chosen else None,
        "sheets": [
            {
                "name": sheet.name,
                "hidden": sheet.hidden,
                "header_row": sheet.header_row,
                "rows": sheet.rows,
                "columns": list(sheet.columns),
                "duplicates": sheet.duplicates,
                "needs_header_row": sheet.title_above,
                "suggested_header_row": sheet.suggested_row,
            }
            for sheet in look.sheets
        ],
    }


def tell_status(context: Context, batch_id: int) -> None:
    """Answer how a batch is; a batch that failed exits with 1."""
    batch = find(context, batch_id)
    facts = service.status_of(batch, context.language)
    facts["problems"] = problems_path(context, batch)
    counts = ", ".join(f"{facts[name]} {name}" for name in service.COUNTS if name != "done")
    parts = [f"Import {batch_id} is {facts['state']}: {counts}.", *facts["notes"], facts["problem"] or ""]
    if facts["problems"]:
        parts.append(f"Refused rows, with the reason: {facts['problems']}")
    context.answer(facts, "\n".join(part for part in parts if part))
    if batch["state"] == "failed":
        sys.exit(1)


def problems_path(context: Context, batch: service.Batch) -> str | None:
    """Return where the problem file lies; its key when the store is not a folder.

    Shape:  a sealed one is opened into the current folder, for its owner only.
    """
    key, url = batch["problems_key"], context.settings.files_url
    if key and files.is_sealed(key):
        path = Path.cwd() / f"import-{batch['id']}-problems.xlsx"
        files.write_opened(url, key, files.secret_of(batch), path)
        return str(path)
    return str(files.local_path(url, key) or key) if key else None


def run_undo(context: Context, batch_id: int, dry_run: bool) -> None:
    """Take a batch back in this process, or only count what that would do."""
    if dry_run:
        counts = count_undo(shop_of(context), batch_id)
        facts = {**service.status_of(find(context, batch_id), context.language), **counts}
    else:
        with command_session(context, None) as session:
            service.begin_undo(session, batch_id)
            session.commit()
        work.undo_batch(shop_of(context), batch_id)
        facts = service.status_of(find(context, batch_id), context.language)
    numbers = ", ".join(f"{facts[name]} {name}" for name in ("removed", "restored", "kept"))
    context.answer(facts, f"Import {batch_id} is {facts['state']}: {numbers}.")


def shop_of(context: Context) -> Shop:
    """Return what the work needs, from the command's settings."""
    settings = context.settings
    return Shop(context.engine, service.import_settings(settings), settings.language, settings.time_zone)


def find(context: Context, batch_id: int) -> service.Batch:
    """Return a batch.

    Errors: NotFoundError.
    """
    schema = context.workspace.schema
    with only_reading(), context.engine.connect() as connection:
        found = store.find_batch(connection, batch_id)
        if found is None:
            raise NotFoundError("import.no_such_batch", id=batch_id)
        return batches_today(connection, schema, [found])[0]


def state_of(context: Context, batch_id: int) -> str:
    """Return a batch's state."""
    return find(context, batch_id)["state"]


@contextmanager
def command_session(context: Context, username: str | None) -> Iterator[CrmSession]:
    """Open a session of the command line, or of the user whose rights are to count."""
    with CrmSession(context.workspace.bind(context.engine)) as session:
        session.workspace, session.actor = context.workspace, command_actor(context, session, username)
        yield session


def command_actor(context: Context, session: CrmSession, username: str | None) -> Actor:
    """Return who acts.

    Errors: CrmError when there is no such user.
    """
    if username is None:
        return replace(SYSTEM, language=context.language)
    user_id = find_user_id(session.connection(), username)
    if user_id is None:
        raise CrmError("import.no_such_user", value=username)
    schema = context.workspace.schema
    return actor_of_user(session.connection(), user_id, schema, context.language, context.settings.time_zone)
