"""`flask crm import`, `import-look`, `import-status` and `import-undo`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from crm.commands import LOOK_SECONDS, Context, crm_command, no_wait, telling
from crm.database import only_reading
from crm.errors import ImportRowError, NotFoundError
from crm.imports import files, service, store
from crm.imports.carry import batches_today
from crm.imports.lease import ImportWorkshop
from crm.imports.model import MODES, Look
from crm.imports.options import RULES, read_options
from crm.imports.reader import check_look, look_at_file
from crm.messages import render

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
    @no_wait
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
    @no_wait
    def undo(context: Context, batch: int, dry_run: bool, no_wait: bool) -> None:
        if dry_run:
            weigh_undo(context, batch)
        else:
            run_undo(context, batch, no_wait)


def run_import(context: Context, file: Path, entity_name: str, options: dict[str, Any]) -> None:
    """Import a file by the same steps and the same code as the wizard and its jobs.

    Once the check has begun, the batch goes on by itself: workers do it where there are any, and this process does
    what nobody else does. The exit code is 1 unless the rows arrived; refused ones among others are counted and kept.
    """
    workshop = workshop_of(context)
    with context.session(options["username"]) as session:
        entity = service.entity_of(session, entity_name)
        told = read_options(options_of(options), entity)
        with file.open("rb") as source:
            batch_id = service.start_import(session, workshop.settings, entity, source, file.name, told)
    if not options["no_wait"]:
        finish_import(context, workshop, batch_id, options)
    batch = tell_status(context, batch_id)
    good = ("checked",) if options["dry_run"] else ("done",)
    is_all_refused = batch["total"] and batch["failed"] == batch["total"]
    if not options["no_wait"] and (batch["state"] not in good or is_all_refused):
        sys.exit(1)


def options_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the command line as a program would send them."""
    names = ("sheet", "header_row", "encoding", "delimiter", "mode", "rules", "long_cells")
    told = {"map": options["told"], "key": options["keys"], "apply": not options["dry_run"]}
    return {**{name: options[name] for name in names}, **told}


def finish_import(
    context: Context, workshop: ImportWorkshop, batch_id: int, options: Mapping[str, Any]
) -> None:
    """Follow an import to its end; one that only stopped because somebody should look goes on: this is its asker."""
    follow(context, workshop, batch_id)
    if find(context, batch_id)["state"] == "checked" and not options["dry_run"]:
        with context.session(options["username"]) as session:
            service.begin_apply(session, batch_id)
        follow(context, workshop, batch_id)


def follow(context: Context, workshop: ImportWorkshop, batch_id: int) -> None:
    """Do the work of a batch, or wait for the worker that does it, until it is finished."""
    from crm.imports import work  # loads what reads and writes workbooks

    by_state = {
        "looking": work.look_batch,
        "checking": work.check_batch,
        "applying": work.apply_batch,
        "undoing": work.undo_batch,
    }
    with telling(lambda: progress_of(find(context, batch_id))):
        while (state := find(context, batch_id)["state"]) in store.WAITING_STATES:
            if not by_state[state](workshop, batch_id):
                time.sleep(LOOK_SECONDS)


def progress_of(batch: service.Batch) -> str:
    """Return how far the work of a batch is, in a line; "" when it does not work."""
    if batch["state"] not in store.WAITING_STATES:
        return ""
    return f"Import {batch['id']} is {batch['state']}: {batch['done']} of {batch['total']} rows."


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


def tell_status(context: Context, batch_id: int) -> service.Batch:
    """Answer how a batch is and return it; a batch that failed exits with 1."""
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
    return batch


def problems_path(context: Context, batch: service.Batch) -> str | None:
    """Return the path of the problem file; its key when the store is not a folder.

    Shape:  a sealed one is opened into the current folder, for its owner only.
    """
    key, url = batch["problems_key"], context.settings.files_url
    if key and files.is_sealed(key):
        path = Path.cwd() / f"import-{batch['id']}-problems.xlsx"
        files.write_opened(url, key, files.secret_of(batch), path)
        return str(path)
    return str(files.local_path(url, key) or key) if key else None


def weigh_undo(context: Context, batch_id: int) -> None:
    """Answer what taking a batch back would do."""
    from crm.imports.undo import count_undo

    counts = count_undo(workshop_of(context), batch_id)
    tell_undo(context, {**find(context, batch_id), **counts})


def run_undo(context: Context, batch_id: int, no_wait: bool) -> None:
    """Take a batch back, or wait for the worker that does; the exit code is 1 unless it is taken back."""
    with context.session() as session:
        service.begin_undo(session, batch_id)
    if no_wait:
        tell_undo(context, find(context, batch_id))
        return
    follow(context, workshop_of(context), batch_id)
    batch = find(context, batch_id)
    tell_undo(context, batch)
    if batch["state"] != "undone":
        sys.exit(1)


def tell_undo(context: Context, batch: service.Batch) -> None:
    """Answer how far a batch is taken back."""
    facts = service.status_of(batch, context.language)
    numbers = ", ".join(f"{facts[name]} {name}" for name in ("removed", "restored", "kept"))
    text = f"Import {facts['batch']} is {facts['state']}: {numbers}."
    context.answer(facts, "\n".join(filter(None, [text, facts["problem"]])))


def workshop_of(context: Context) -> ImportWorkshop:
    """Return what the work needs, from the command's settings."""
    settings = context.settings
    return ImportWorkshop(
        context.engine, service.import_settings(settings), settings.language, settings.time_zone
    )


def find(context: Context, batch_id: int) -> service.Batch:
    """Return a batch.

    Errors: NotFoundError.
    """
    schema = context.schema
    with only_reading(), context.engine.connect() as connection:
        found = store.find_batch(connection, batch_id)
        if found is None:
            raise NotFoundError("import.no_such_batch", id=batch_id)
        return batches_today(connection, schema, [found])[0]
