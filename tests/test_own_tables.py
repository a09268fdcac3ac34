"""A table has one home: the module that declares it, and its package; and a service leaves the commit to its caller."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from app import TABLE_HOMES
from config import ROOT
from tests.test_architecture import CODE, is_under, modules, none, shown, tree

TABLE_GUESTS = {
    ("crm.records", "crm.events.event"): "a set of records leaves its events by COPY",
    ("workflows.runs", "crm.events.event"): "claims events and sweeps them",
    ("workflows.runs", "crm.records.journal.change"): "rebuilds records as they were at a change",
    ("workflows.approvals", "workflows.runs.store.run"): "wakes the run that waits for a decision",
    ("crm.imports", "crm.records.journal.change"): "takes back what a batch changed",
    ("crm.demo", "crm.records.journal.change"): "writes the past of a demo",
    ("crm.demo", "crm.permissions.store.team"): "makes the teams of a demo",
    ("crm.web", "crm.permissions.store.profile"): "joins the profile to Flask-AppBuilder's user",
    ("crm.web", "crm.permissions.sign_ins.sign_in"): "joins the session to Flask-AppBuilder's user",
    ("crm.drafts", "crm.revisions.store.revision"): "asks which revision a publication became",
    ("crm.records", "crm.revisions.store.revision"): "seals what revisions hold anew",
}
COMMITTING_SERVICES = {"crm/drafts/service.py": "publish_draft: the revision is live by then"}


@cache
def own_tables() -> dict[str, str]:
    """Return where each of our own tables is declared: dotted name and module."""
    return {
        f"{name}.{node.targets[0].id}": name
        for name, file in modules().items()
        if not is_under(name, "crm.own_tables.versions")
        for node in tree(file).body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "sa.Table"
    }


def homes_of_ours() -> set[str]:
    """Return the modules that declare a table `crm_…` for everybody; some write down others' tables for themselves."""
    return {
        name
        for name, file in modules().items()
        if not is_under(name, "crm.own_tables")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "sa.Table"
        and ast.unparse(node.args[0]).startswith("'crm_")
    }


def used_tables(file: Path) -> Iterator[tuple[str, int]]:
    """Yield the tables of other modules that a file names, by import or as an attribute of their module."""
    known: dict[str, str] = {}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                known[alias.asname or alias.name] = whole
                if whole in own_tables():
                    yield whole, node.lineno
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            whole = f"{known.get(node.value.id, '')}.{node.attr}"
            if whole in own_tables():
                yield whole, node.lineno


def test_a_table_is_used_by_the_package_that_declares_it():
    broken, met = [], set()
    for name, file in modules().items():
        for table, line in used_tables(file):
            home = own_tables()[table].rpartition(".")[0]
            guest = next((key for key in TABLE_GUESTS if is_under(name, key[0]) and key[1] == table), None)
            met.add(guest)
            if not (is_under(name, home) and home not in CODE) and guest is None:
                broken.append(f"{shown(file, line)}: {table} belongs to {home}")
    none(broken)
    assert set(TABLE_GUESTS) - met == set()


def test_an_upgrade_knows_every_module_that_declares_tables():
    assert set(TABLE_HOMES) == homes_of_ours()


def test_services_leave_the_commit_to_their_callers():
    broken = [
        f"{shown(file, node.lineno)}: {ast.unparse(node)}"
        for file in modules().values()
        if file.name == "service.py" and str(file.relative_to(ROOT)) not in COMMITTING_SERVICES
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    none(broken)
