"""`flask crm schema …`: check, compare, publish, export, roll back; `flask crm pack …`: add and remove packs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from crm.commands import LOOK_SECONDS, Context, crm_command, no_wait, telling
from crm.database import only_reading
from crm.drafts.losses import list_losses
from crm.entities import lint
from crm.entities.json_schema import json_schemas
from crm.entities.kinds import folder_of
from crm.entities.load import check_schema, load_documents
from crm.entities.model import Document
from crm.entities.reader import NAME
from crm.entities.yaml import write_yaml
from crm.errors import ConflictError, Problem, SchemaError
from crm.messages import render, told
from crm.permissions.model import SYSTEM
from crm.records.after_publish import Left, do_what_is_left, look_at_publish
from crm.records.rekey import list_rekeying
from crm.revisions import store
from crm.revisions.finish import list_unfinished
from crm.revisions.packs import add_pack, list_packs, remove_pack
from crm.revisions.parked import Parked, list_parked, list_purged, purge_parked, weigh_rollback
from crm.revisions.prepare import list_preparing
from crm.revisions.processes import publish_status
from crm.revisions.publish import diff_schema, publish_schema, rollback_schema

STILL_SECONDS = 20  # without any movement: a process may be in a job that ends much later
TELL_AGAIN_SECONDS = 3  # until when a process that failed may be speaking of the revision before

FOLDER = click.argument("folder", default="schemas", type=click.Path(path_type=Path, file_okay=False))


def register(crm: click.Group) -> None:
    """Add the groups `schema` and `pack`."""
    _register_packs(crm)

    @crm.group("schema")
    def group() -> None:
        """Check, compare, publish and export the schema."""

    crm_command(group, "check")(FOLDER(check_folder))
    crm_command(group, "diff")(FOLDER(_diff))
    why = click.option("-m", "why", default="", help="Why, for the history.")
    sure = click.option("--yes", is_flag=True, help="Do not ask.")
    crm_command(group, "publish")(FOLDER(why(sure(no_wait(_publish)))))
    prune = click.option("--prune", is_flag=True, help="Erase files of documents that are no more.")
    crm_command(group, "export")(FOLDER(prune(_export)))
    crm_command(group, "history")(_history)
    crm_command(group, "status")(_status)
    tried = click.option("--dry-run", is_flag=True, help="Only show what it would do.")
    crm_command(group, "rollback")(click.argument("number", type=int)(tried(no_wait(_rollback))))
    crm_command(group, "parked")(_parked)
    with_days = click.option(
        "--older-than-days", "days", default=0, help="Only what was removed before so many days."
    )
    crm_command(group, "purge")(with_days(sure(_purge)))
    crm_command(group, "json-schema")(_json_schema)


def _register_packs(crm: click.Group) -> None:
    @crm.group("pack")
    def group() -> None:
        """Add and remove packs of documents."""

    folder = click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
    called = click.option("--name", default="", help="What the pack is called; the folder's name by default.")
    crm_command(group, "add")(folder(called(no_wait(_add_pack))))
    crm_command(group, "list")(_list_packs)
    crm_command(group, "remove")(click.argument("name")(no_wait(_remove_pack)))


def load_folder(folder: Path) -> list[Document]:
    """Return the documents of a folder.

    Errors: SchemaError with every problem of every file.
    """
    documents, problems = load_documents(folder)
    problems += check_schema(documents, 0)[1]
    if problems:
        raise SchemaError("schema.has_problems", problems, count=len(problems))
    return documents


def check_folder(context: Context, folder: Path) -> None:
    """Check every file and name every problem; with --json what is worth a second look, too."""
    documents, problems = load_documents(folder)
    schema, found = check_schema(documents, 0)
    problems += found
    notes = lint.notes_on(schema, documents, schema.entities)
    facts = _in_words({"problems": problems, "notes": notes}, context.language)
    rows = facts["problems"]
    lines = [f"{row['file']}:{row['line']}: {row['message']}" for row in rows]
    context.answer(facts, "\n".join(lines) or f"{len(documents)} files, no problems.")
    if problems:
        raise click.exceptions.Exit(1)


def _diff(context: Context, folder: Path) -> None:
    """Show what publishing the files would do."""
    documents, problems = load_documents(folder)
    found = diff_schema(context.engine, documents)
    found = _in_words({**found, "problems": [*problems, *found["problems"]]}, context.language)
    context.answer(found, _diff_text(found))


def _in_words(found: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return what a publish would do with its problems and notes as sentences."""
    return {**found, **{key: [told(one, language) for one in found[key]] for key in ("problems", "notes")}}


def _diff_text(found: dict[str, Any]) -> str:
    lines = []
    for key, sign in (("added", "+"), ("changed", "~"), ("removed", "-")):
        for row in found[key]:
            place = f"{row['entity']}.{row['name']}" if "entity" in row else row["name"]
            keys = f" ({', '.join(row['keys'])})" if row.get("keys") else ""
            lines.append(f"{sign} {row['kind']} {place}{keys}")
    lines += found["sql"] + [f"{key}: {count}" for key, count in found["rows"].items()]
    lines += [
        f"{row['entity']}.{row['field']}: {row['good']} values fit, {row['bad']} do not"
        for row in found["conversions"]
    ]
    lines += [f"{row['kind']} {row['name']} uses {row['field']}: {row['place']}" for row in found["used_by"]]
    lines += [row["message"] for row in found["notes"]]
    lines += [f"{row['file']}:{row['line']}: {row['message']}" for row in found["problems"]]
    return "\n".join(lines) or "No differences."


def _publish(context: Context, folder: Path, why: str, yes: bool, no_wait: bool) -> None:
    """Make the files the live revision; asks before an entity or a role goes that no file declares any more."""
    documents = load_folder(folder)
    if not yes and is_published(context.engine):
        agree_to_losses(context, list_losses(context.workspace, SYSTEM, documents))
    with settling(context, no_wait) as wrong:
        number = publish_schema(context.engine, documents, why)
    answer_publish(context, wrong, {"revision": number}, f"Revision {number} is live.")


def is_published(engine: sa.Engine) -> bool:
    """Return whether there is a live revision that something may be taken from."""
    with only_reading(), engine.connect() as connection:
        return bool(store.live_number(connection))


def agree_to_losses(context: Context, lost: list[Problem]) -> None:
    """Ask the person at the terminal whether this may be removed; scripts pass `--yes`.

    Errors: ConflictError, which names what would go.
    """
    if not lost:
        return
    if context.is_json or not sys.stdin.isatty():
        raise ConflictError("schema.needs_yes", lost)
    lines = [render(problem, context.language) for problem in lost]
    click.confirm("\n".join([*lines, "Publish, and remove these?"]), abort=True, err=True)


@contextmanager
def settling(context: Context, no_wait: bool) -> Iterator[list[str]]:
    """Publish in the block, then follow what that leaves; the list holds afterwards what of it went wrong."""
    wrong: list[str] = []
    before = {index.name for index in list_unfinished(context.engine) if index.reason}
    yield wrong
    if not no_wait:
        left = follow_publish(context.engine)
        wrong += left.failed
        wrong += [
            f"The index of {index.entity}.{index.field} could not be built: {index.reason}"
            for index in left.refused
            if index.name not in before
        ]
        if not left.is_settled:
            click.echo(f"Left to the workers: {left.say()}.", err=True)


def follow_publish(engine: sa.Engine) -> Left:
    """Finish the publish, or wait for the worker that does; return what is left when nothing moves any more."""
    seen, since, begun = None, 0.0, time.monotonic()
    with telling(lambda: look_at_publish(engine).say()):
        while True:
            do_what_is_left(engine)
            left = look_at_publish(engine)
            now = time.monotonic()
            if left != seen:
                seen, since = left, now
            is_told = not left.failed or now - begun > TELL_AGAIN_SECONDS
            if (left.is_settled and is_told) or now - since > STILL_SECONDS:
                return left
            time.sleep(LOOK_SECONDS)


def answer_publish(context: Context, wrong: list[str], facts: dict[str, Any], text: str) -> None:
    """Answer that a revision is live; with something that went wrong the exit code is 1."""
    context.answer({**facts, **({"failures": wrong} if wrong else {})}, text)
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        raise click.exceptions.Exit(1)


def _export(context: Context, folder: Path, prune: bool) -> None:
    """Write the live revision as files."""
    documents = context.workspace.schema.documents
    written = {
        folder / folder_of(document.kind) / f"{document.name}.yaml": document for document in documents
    }
    for path, document in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write_yaml(dict(document.body)), "utf-8")
    left = sorted(path for path in folder.rglob("*.y*ml") if path not in written)
    for path in left if prune else ():
        path.unlink()
    lines = [f"{len(documents)} files written to {folder}."]
    lines += [f"{'Erased' if prune else 'Still there, but not live'}: {path}" for path in left]
    facts = {
        "revision": context.workspace.number,
        "files": len(documents),
        "left": [str(path) for path in left],
    }
    context.answer(facts, "\n".join(lines))


def _history(context: Context) -> None:
    """List the revisions, newest first."""
    with context.engine.connect() as connection:
        rows = [dict(row) for row in store.list_revisions(connection)]
    lines = [
        f"{row['number']}  {row['created_at']:%Y-%m-%d %H:%M}  {row['user_name']}  {row['why']}"
        for row in rows
    ]
    context.answer({"revisions": rows}, "\n".join(lines))


def _status(context: Context) -> None:
    """Show which process serves which revision, and what is left to do; exit code 1 when one could not take it up."""
    facts = publish_status(context.engine)
    facts["unfinished"] = [found.as_json() for found in list_unfinished(context.engine)]
    with only_reading(), context.engine.connect() as connection:
        facts["search_keys"] = [
            {"entity": row.entity, "done": row.done, "total": row.total}
            for row in list_rekeying(connection, context.workspace)
        ]
        facts["preparing"] = [
            {"table": row.table, "done": row.done, "total": row.total} for row in list_preparing(connection)
        ]
    lines = [
        f"Revision {facts['revision']} is live" + ("." if facts["all_there"] else ", but not everywhere yet.")
    ]
    for row in facts["processes"]:
        lines.append(f"{row['kind']}  {row['id']}  revision {row['revision']}  {row['failure']}".rstrip())
    for row in facts["unfinished"]:
        lines.append(f"Index still to be built: {row['entity']}.{row['field']}  {row['reason']}".rstrip())
    for row in facts["search_keys"]:
        lines.append(f"Search keys of {row['entity']}: {row['done']} of {row['total']}")
    for row in facts["preparing"]:
        lines.append(f"Values converted before a publish, in {row['table']}: {row['done']} of {row['total']}")
    context.answer(facts, "\n".join(lines))
    if facts["failures"]:
        raise click.exceptions.Exit(1)


def _rollback(context: Context, number: int, dry_run: bool, no_wait: bool) -> None:
    """Make an older revision live again; data of removed fields returns."""
    if dry_run:
        found = _in_words(weigh_rollback(context.engine, number)[0], context.language)
        lines = [told(_purged(row), context.language)["message"] for row in found["purged"]]
        context.answer(found, "\n".join([_diff_text(found), *lines]))
        return
    gone = list_purged(context.engine, number)
    with settling(context, no_wait) as wrong:
        live = rollback_schema(context.engine, number)
    rows = [told(_purged(row), context.language)["message"] for row in gone]
    text = f"Revision {live} is live; it says what revision {number} said."
    answer_publish(context, wrong, {"revision": live, "notes": rows}, "\n".join([text, *rows]))


def _purged(row: Mapping) -> Problem:
    name = f"{row['entity']}.{row['field']}".strip(".")
    return Problem("schema.purged", {"name": name, "count": row["count"], "at": f"{row['at']:%Y-%m-%d}"})


def _parked(context: Context) -> None:
    """List what removed fields and entities left: values that a rollback brings back."""
    found = list_parked(context.engine)
    context.answer(
        {"parked": [parked.as_json() for parked in found]}, "\n".join(map(_parked_line, found)) or "Nothing."
    )


def _parked_line(parked: Parked) -> str:
    name = f"{parked.entity}.{parked.field}" if parked.field else parked.entity
    return f"{name}: {parked.count}, last in revision {parked.revision}, removed on {parked.since:%Y-%m-%d}"


def _purge(context: Context, days: int, yes: bool) -> None:
    """Drop for good what is parked; no rollback brings it back."""
    if not yes:
        lines = [_parked_line(parked) for parked in list_parked(context.engine)]
        click.confirm("\n".join([*lines, "Drop these values for good?"]), abort=True, err=True)
    found = purge_parked(context.engine, days)
    lines = [_parked_line(parked) for parked in found]
    context.answer(
        {"dropped": [parked.as_json() for parked in found]}, "\n".join(lines) or "Nothing to drop."
    )


def _json_schema(context: Context) -> None:
    """Print a JSON Schema for each kind of document, for editors."""
    found = json_schemas()
    context.answer(found, write_yaml(found))


def _add_pack(context: Context, folder: Path, name: str, no_wait: bool) -> None:
    """Publish a pack's documents beside the live ones, or a newer version of it."""
    name = name or folder.resolve().name
    documents, problems = load_documents(folder)
    if problems:
        raise SchemaError("schema.has_problems", problems, count=len(problems))
    if not NAME.match(name):
        raise SchemaError("schema.bad_name", name=name[:60])
    with settling(context, no_wait) as wrong:
        number = add_pack(context.engine, name, documents)
    facts = {"pack": name, "revision": number, "documents": len(documents)}
    answer_publish(
        context, wrong, facts, f"Pack {name} is added: {len(documents)} documents, revision {number}."
    )


def _list_packs(context: Context) -> None:
    """List the packs that are added."""
    found = list_packs(context.engine)
    rows = [
        {"pack": row["name"], "documents": row["documents"], "changed_at": row["changed_at"]} for row in found
    ]
    lines = [f"{row['pack']}  {', '.join(' '.join(key) for key in row['documents'])}" for row in rows]
    context.answer({"packs": rows}, "\n".join(lines) or "No packs.")


def _remove_pack(context: Context, name: str, no_wait: bool) -> None:
    """Take a pack out; its records are set aside, and come back when it is added again."""
    with settling(context, no_wait) as wrong:
        number = remove_pack(context.engine, name)
    text = f"Pack {name} is removed, revision {number}; its data is kept."
    answer_publish(context, wrong, {"pack": name, "revision": number}, text)
