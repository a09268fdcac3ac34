"""What tests of rules share: a workshop whose rules the test writes itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

import app
from config import ROOT
from crm import events
from crm.entities.load import build_schema, load_document, load_documents
from crm.entities.model import Schema
from crm.errors import Problem
from crm.messages import render
from workflows.mail import outbox
from workflows.organisation import Organisation, RuleWorkshop
from workflows.rules.build import build_rule, build_template
from workflows.rules.check import check_rule, check_template
from workflows.runs import edges, jobs, store
from workflows.runs.heard import heard_by_rules
from workflows.runs.pace import PACE, Pace

if TYPE_CHECKING:
    from crm.revisions.workspace import Workspace
    from tests.conftest import Clock

TEMPLATE = """
template: hello
subject: {en: "Hello {name}", el: "Γεια σου {name}"}
body: {en: "Dear **{name}**, your number is {id}.", el: "Αγαπητέ **{name}**."}
"""


def read_rule(text: str, schema: Schema) -> tuple[Any, list[Problem]]:
    """Return a rule or message template from YAML, or its problems."""
    document, problems = load_document(text, "")
    is_rule = document.kind == "rule"
    problems += (check_rule if is_rule else check_template)(document, schema)
    return (None if problems else (build_rule if is_rule else build_template)(document, schema)), problems


@pytest.fixture(scope="session")
def shipped() -> Schema:
    """The shipped schemas, built without a database."""
    app.wire()
    schema, problems = build_schema(load_documents(ROOT / "schemas")[0], 1)
    assert not problems
    return schema


class TestWorkshop(RuleWorkshop):
    """A workshop that shows a test what is in it."""

    __test__ = False

    def work_off(self) -> int:
        """Look at every event and perform every run, as the worker's job does."""
        return jobs.work_off(self)

    def runs(self, rule: str | None = None) -> list[dict]:
        """Return the runs, oldest first."""
        with self.reading() as session:
            return list(reversed(store.list_runs(session, 1_000, rule)))

    def states(self, rule: str | None = None) -> list[str]:
        """Return the states of the runs, oldest first."""
        return [row["state"] for row in self.runs(rule)]

    def messages(self) -> list[dict]:
        """Return what is in the outbox, oldest first."""
        with self.reading() as session:
            return [dict(row._mapping) for row in session.execute(sa.select(outbox.message).order_by("id"))]


@pytest.fixture
def make_workshop(
    engine: sa.Engine, workspace: Workspace, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., TestWorkshop]]:
    """A function that makes a workshop from the YAML of its rules and templates; the shipped rules stay away."""

    def make(*texts: str, **options: Any) -> TestWorkshop:
        templates, rules = {}, {}
        schema = replace(
            workspace.schema, parts={**workspace.schema.parts, "template": templates, "rule": rules}
        )
        for text in (TEMPLATE, *texts):
            found, problems = read_rule(text, schema)
            assert not problems, [render(problem, "en") for problem in problems]
            (templates if text.startswith(("template", "\ntemplate")) else rules)[found.name] = found
        organisation = Organisation(mail_folder=tmp_path / "mail", **options)
        workshop = TestWorkshop(engine, organisation, clock=clock, fixed=replace(workspace, schema=schema))
        vars(PACE).update(vars(Pace()))  # what other tests' rules of the same name did is not known here
        edges.prepare(workshop)  # as a publish does
        listen(workshop.fixed.schema)
        return workshop

    def listen(made: Schema) -> None:
        """Let sessions of the shipped revision leave events for the rules of this one."""
        monkeypatch.setattr(events, "LISTENERS", [*events.LISTENERS, lambda _schema: heard_by_rules(made)])
        workspace.trees.pop(events.HEARD, None)

    yield make
    workspace.trees.pop(events.HEARD, None)


@pytest.fixture
def as_user(session_as: Callable) -> Callable:
    """A function that opens a session of the system and commits at its end: `with as_user() as session:`."""

    @contextmanager
    def open_one(who: Any = None):  # noqa: ANN202 - a context manager
        session = session_as(who) if who else session_as()
        yield session
        session.commit()
        session.close()

    return open_one
