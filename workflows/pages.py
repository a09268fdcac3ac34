"""The pages of runs: what ran, why, and what it did; and a rule tried over REST."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import abort, current_app, jsonify, redirect, request
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import pgettext
from werkzeug.wrappers import Response

from crm import events, queue
from crm.database import CrmSession, released_engine
from crm.drafts.service import find_draft
from crm.errors import NotFoundError
from crm.fields.locales import shown_date, shown_time
from crm.records import notes
from crm.records.timeline import MORE_SOURCES, changes_in_words
from crm.records.values import situation_of, titles_by_id, user_names
from crm.revisions.workspace import Workspace
from crm.web.fab.permissions import CONFIGURATION
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.rest.described import NUMBER, TEXT, TRUTH, DescribedApi, an_object, described
from crm.web.serving.asking import always, asks
from workflows.actions import ACTIONS
from workflows.approvals import pages as approval_pages
from workflows.calls import outbox as calls
from workflows.editor import pages as editor
from workflows.effects import effect_lines
from workflows.mail import outbox
from workflows.mail.notes import contact_notes
from workflows.mail.policy import held_words
from workflows.mail.timeline import mails_of
from workflows.organisation import RuleWorkshop, organisation_of
from workflows.pressing import presses_of
from workflows.rules.model import Rule, Step
from workflows.rules.sentence import say_rule, trigger_words
from workflows.runs import pages as trying
from workflows.runs import pauses, rehearsals, store
from workflows.runs.budget import root_of
from workflows.runs.drafted import drafted_workspace, rehearse_both
from workflows.runs.errors import sentences
from workflows.runs.execute import continue_run
from workflows.runs.moments import change_of_event
from workflows.runs.rehearse import rehearse
from workflows.runs.versions import is_open, rows_today, step_today

RUNS_SHOWN = 50
MOST_IN_TREE = 200
WEEK = dt.timedelta(days=7)
OUTBOXES = (outbox.OUTBOX, calls.OUTBOX)
LARGEST_ID = 2**63 - 1
COLORS = {"done": "green", "waiting": "blue", "claimed": "azure", "failed": "red", "stopped": "orange"}


class RunsView(BaseView):
    """`/admin/rules/…`: what rules did."""

    route_base = "/admin/rules"
    class_permission_name = CONFIGURATION
    workspace: Workspace

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules of this revision."""
        return self.workspace.schema.parts.get("rule", {})

    @page("/all-runs")
    def all_runs(self) -> str:
        """Show runs by rule, status, record, cause and time, the newest first."""
        session = self.appbuilder.session()
        asked = asked_runs(session.clock())
        rows = store.filter_runs(session, asked, RUNS_SHOWN + 1)
        more = rows[RUNS_SHOWN - 1]["id"] if len(rows) > RUNS_SHOWN else None
        return self.render_template(
            "rules/all_runs.html",
            title=pgettext("title", "Runs"),
            runs=self.run_lines(rows_today(session, rows[:RUNS_SHOWN])),
            next_url=url_with(before=more) if more else "",
            asked=request.args,
            rules=sorted((self.rule_label(name), name) for name in self.rules),
            entities=sorted(
                (one.label.get(current_language()), name)
                for name, one in self.workspace.schema.entities.items()
            ),
            states=[(one, state_label(one)) for one in store.STATES],
            causes=[
                ("user:", pgettext("actor", "Users")),
                ("schedule", pgettext("actor", "Schedule")),
                ("rule:", pgettext("actor", "Other rules")),
            ],
            draft=find_draft(session),
        )

    @page("/what-waits")
    def waiting(self) -> str:
        """Show what rules wait for: a later moment, somebody's decision, or that they go on after a pause."""
        session, now = self.appbuilder.session(), self.appbuilder.session().clock()
        held = store.filter_runs(session, store.RunFilter(state=store.STOPPED, since=now - WEEK), RUNS_SHOWN)
        states = store.count_states(session)
        return self.render_template(
            "rules/waiting.html",
            title=pgettext("title", "What rules wait for"),
            sleeping=self.run_lines(rows_today(session, store.sleeping(session, now, RUNS_SHOWN))),
            held=self.run_lines(rows_today(session, held)),
            paused=[
                {
                    "name": name,
                    "label": self.rule_label(name),
                    "since": since,
                    "count": states.get(name, {}).get(store.PAUSED, 0),
                }
                for name, since in pauses.list_paused(session).items()
            ],
            draft=find_draft(session),
        )

    @page("/<name>/retry-all", methods=["POST"])
    def retry_all(self, name: str) -> Response:
        """Take up every failed run of a rule where it stopped."""
        session = self.appbuilder.session()
        if store.retry_failed(session, name, session.clock()):
            session.commit()
            queue.ring(events.BELL)
        return redirect(f"/admin/rules/{name}/runs")

    @page("/<name>/resume", methods=["POST"])
    def resume(self, name: str) -> Response:
        """Let a rule that pauses go on."""
        session = self.appbuilder.session()
        pauses.resume(session, name, request.form.get("held") == "run")
        session.commit()
        queue.ring(events.BELL)
        return redirect("/admin/rules/what-waits")

    def rule_label(self, name: str) -> str:
        """Return what a rule is called; its name when it is gone."""
        return self.rules[name].label.get(current_language()) if name in self.rules else name

    @page("/<name>/runs")
    def runs(self, name: str) -> str:
        """Show the latest runs of a rule."""
        session = self.appbuilder.session()
        rule = self.rules.get(name)
        state = request.args.get("state")
        state = state if state in store.STATES else None
        runs = store.list_runs(session, RUNS_SHOWN, name, state)
        if rule is None and not runs:
            raise NotFoundError("rule.not_found", name=name)
        return self.render_template(
            "rules/runs.html",
            name=name,
            title=rule.label.get(current_language()) if rule else name,
            sentence=self.sentence_of(name),
            runs=self.run_lines(rows_today(session, runs)),
            chosen=state,
            states=[(one, state_label(one)) for one in store.STATES],
            paused=pauses.list_paused(session).get(name),
            draft=find_draft(session),
        )

    @page("/run/<int:run_id>")
    def run(self, run_id: int) -> str:
        """Show one run: why it fired, what it did, why it failed."""
        session = self.appbuilder.session()
        row = store.find_run(session, min(run_id, LARGEST_ID))
        if row is None:
            abort(404)
        is_told = is_open(session, row)
        [row] = rows_today(session, [row])
        steps = store.list_steps(session, row["id"])
        mails = [line for box in OUTBOXES for line in box.list_of_run(session, row["id"])]
        return self.render_template(
            "rules/run.html",
            run=self.run_lines([row])[0],
            rule=self.rules.get(row["rule"]),
            sentence=self.sentence_of(row["rule"]),
            occasion=self.occasion_of(row),
            changed=self.changed_labels(row),
            seen=self.seen_by(session, row) if is_told else [],
            tree=self.tree_of(session, row),
            cause=self.cause_links(session, row["cause"]),
            errors=sentences(row["error"], current_language()) if is_told else [],
            steps=[self.step_line(row, step, mails, is_told) for step in steps],
            is_told=is_told,
            can_retry=store.FAILED in (row["state"], *(mail["state"] for mail in mails)),
        )

    @page("/run/<int:run_id>/retry", methods=["POST"])
    def retry(self, run_id: int) -> Response:
        """Take up a failed run where it stopped, and send again what could not be delivered."""
        session = self.appbuilder.session()
        number, now = min(run_id, LARGEST_ID), session.clock()
        bells = [events.BELL] if continue_run(session, number, now) else []
        bells += [box.bell for box in OUTBOXES if box.retry_of_run(session, number, now)]
        session.commit()
        for bell in bells:
            queue.ring(bell)
        return redirect(f"/admin/rules/run/{run_id}")

    def sentence_of(self, name: str) -> str:
        """Return a rule of today as a sentence; "" when it is gone."""
        rule = self.rules.get(name)
        return say_rule(rule, self.workspace.schema, current_language()) if rule else ""

    def cause_links(self, session: CrmSession, chain: Sequence[str]) -> list[tuple[str, str]]:
        """Return what led to a run as (name, address): users by name, rules with a link to their run."""
        ids = [int(link[5:]) for link in chain if link.startswith("user:") and link[5:].isdigit()]
        names = {f"user:{key}": name for key, name in user_names(session, ids).items()}
        names["schedule"] = pgettext("actor", "Schedule")
        found = []
        for link in chain:
            name, _, number = link.removeprefix("rule:").rpartition("#")
            is_rule = link.startswith("rule:") and number.isdigit()
            label = self.rules[name].label.get(current_language()) if name in self.rules else name
            found.append(
                (f"{label} #{number}", f"/admin/rules/run/{number}")
                if is_rule
                else (names.get(link, link), "")
            )
        return found

    def occasion_of(self, row: Mapping[str, Any]) -> str:
        """Return what fired a run: the rule's trigger and, for a schedule, which of its times it was."""
        rule, why = self.rules.get(row["rule"]), row["why"]
        words = trigger_words(rule, self.workspace.schema, current_language()) if rule else ""
        return " · ".join(
            part for part in (words or why.get("event", ""), period_words(why.get("period", ""))) if part
        )

    def changed_labels(self, row: Mapping[str, Any]) -> list[str]:
        """Return the fields whose change fired a run, as people call them."""
        entity = self.workspace.schema.entities.get(row["entity"])
        if entity is None or row["why"].get("event") != "updated":
            return []
        fields = (entity.fields.get(name) for name in row["why"]["changed"])
        return [field.label.get(current_language()) for field in fields if field]

    def seen_by(self, session: CrmSession, row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Return the change a run saw, as (label, before, after); nothing when there was none, or it is erased."""
        entity = self.workspace.schema.entities.get(row["entity"])
        values = change_of_event(session, entity, row["event_id"]) if entity and row["event_id"] else None
        return changes_in_words(session, entity, [values], frozenset())[0] if values else []

    def tree_of(self, session: CrmSession, row: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
        """Return the runs that a run has led to, each with how deep it stands below it."""
        link = f"rule:{row['rule']}#{row['id']}"
        rows = rows_today(session, store.runs_of_root(session, root_of(row), MOST_IN_TREE))
        below = [one for one in rows if link in one["cause"]]
        depths = [len(one["cause"]) - one["cause"].index(link) for one in below]
        return list(zip(depths, self.run_lines(below), strict=True))

    def run_lines(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return runs as a list draws them, each with what its record is called, where the reader may know that."""
        session, entities = self.appbuilder.session(), self.workspace.schema.entities
        titles = {}
        for name in {row["entity"] for row in rows} & set(entities):
            ids = [row["record_id"] for row in rows if row["entity"] == name]
            titles[name] = titles_by_id(session, entities[name], ids, situation_of(session))
        return [self.run_line(row, titles.get(row["entity"], {})) for row in rows]

    def run_line(self, row: Mapping[str, Any], titles: Mapping[int, str]) -> dict[str, Any]:
        """Return one run."""
        entity = self.workspace.schema.entities.get(row["entity"])
        label = entity.label.get(current_language()) if entity else row["entity"] or "—"
        title = titles.get(row["record_id"], "")
        return {
            **row,
            "url": f"/{row['entity']}/show/{row['record_id']}" if title else "",
            "title": title or f"{label} #{row['record_id']}",
            "color": COLORS.get(row["state"], "gray"),
            "state_label": state_label(row["state"]),
            "rule_label": self.rule_label(row["rule"]),
        }

    def step_line(
        self, row: Mapping[str, Any], step: Mapping[str, Any], mails: Sequence[Mapping], is_told: bool
    ) -> dict[str, Any]:
        """Return a step that was done as the page of a run draws it."""
        rule = self.rules.get(row["rule"])
        found = rule and next(
            (known for known in every_step(rule.steps) if known.path == step["position"]), None
        )
        sentence = step["effect"].get("action", "")
        schema = self.workspace.schema
        entity = schema.entities.get(row["entity"])
        if rule and found and found.action == sentence and entity:
            sentence = ACTIONS[found.action].describe(found, schema, entity, current_language())
        effect = step_today(self.appbuilder.session(), entity, row, step) if entity else {}
        lines = effect_lines(self.appbuilder.session(), entity, effect) if entity else []
        key = f"{row['id']}:{step['position']}:"
        lines += [mail_line(mail) for mail in mails if mail["key"].startswith(key)]
        return {**step, "sentence": sentence, "lines": lines if is_told else []}


def asked_runs(now: dt.datetime) -> store.RunFilter:
    """Return which runs the address asks for; what makes no sense counts as not said."""

    def number(key: str) -> int | None:
        text = request.args.get(key, "").strip().lstrip("#")
        return min(int(text), LARGEST_ID) if text.isascii() and text.isdigit() and len(text) < 20 else None

    days, state = number("days"), request.args.get("state", "")
    cause = request.args.get("cause", "")
    return store.RunFilter(
        rule=request.args.get("rule", "")[:64],
        state=state if state in store.STATES else "",
        entity=request.args.get("entity", "")[:64],
        record_id=number("record"),
        cause=cause if cause in ("user:", "schedule", "rule:") else "",
        since=now - dt.timedelta(days=min(days, 36_500)) if days else None,
        before=number("before"),
    )


def url_with(**changed: object) -> str:
    """Return the address of this page with some arguments changed."""
    return "?" + urlencode({**request.args.to_dict(), **changed})


def period_words(period: str) -> str:
    """Return which time of a schedule it was as people write it; a name of something else as it is."""
    try:
        at = dt.datetime.fromisoformat(period)
    except ValueError:
        return period
    day = shown_date(at.date(), current_language())
    return f"{day}, {shown_time(at.time(), current_language())}" if "T" in period else day


def every_step(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Yield every step, those inside branches included."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from every_step(branch.steps)


def mail_line(mail: Mapping[str, Any]) -> tuple[str, str]:
    """Return whether a message or call has left, and what the other side said last."""
    word = state_label(store.DONE if mail["state"] == outbox.SENT else mail["state"])
    error = held_words(mail["error"], current_language())
    return mail.get("to") or mail["url"], error if mail["state"] == outbox.HELD else f"{word} {error}".strip()


def state_label(state: str) -> str:
    """Return the word for a run's state."""
    words = {
        "waiting": pgettext("state.run", "Waiting"),
        "claimed": pgettext("state.run", "Running"),
        "done": pgettext("state.run", "Done"),
        "stopped": pgettext("state.run", "Stopped"),
        "skipped": pgettext("state.run", "Skipped"),
        "failed": pgettext("state.run", "Failed"),
        "paused": pgettext("state.run", "Paused"),
    }
    return words.get(state, state)


class RuleApi(DescribedApi):
    """`/api/v1/rule/`."""

    resource_name = "rule"
    class_permission_name = CONFIGURATION
    workspace: Workspace

    @expose("/<name>/try", methods=["POST"])
    @protect()
    @permission_name("use")
    @asks(always)
    @described(
        takes=an_object(record=NUMBER, since=TEXT, changes=NUMBER, draft=TRUTH),
        gives=an_object(rule=TEXT, considered=NUMBER),
    )
    def try_one(self, name: str) -> Response:
        """Return what a rule would do; nothing is changed or sent."""
        asked = request.get_json(silent=True) or {}
        if not isinstance(asked, dict):
            abort(400)
        numbers = (asked.get(key) for key in ("record", "changes"))
        if not all(one is None or (type(one) is int and 0 < one <= LARGEST_ID) for one in numbers):
            abort(400)
        session = self.appbuilder.session()
        wanted = replace(rehearsals.read_asked(asked), language=session.actor.language)
        organisation = organisation_of(current_app.extensions["crm_settings"])
        workshop = RuleWorkshop(
            released_engine(session), organisation, clock=session.clock, fixed=self.workspace
        )
        if asked.get("draft") is not True:
            rehearsals.require_within(session, self.workspace.schema, name)
            return jsonify(rehearse(workshop, name, wanted).as_json())
        draft = find_draft(session)
        rehearsals.require_within(session, drafted_workspace(session, draft, name).schema, name)
        return jsonify(rehearse_both(workshop, draft, name, wanted))


def register(appbuilder: AppBuilder, workspace: Workspace) -> None:
    """Register the pages of one revision, and what rules add to the pages of records."""
    MORE_SOURCES.extend(source for source in (mails_of, presses_of) if source not in MORE_SOURCES)
    editor.register(appbuilder, workspace)
    trying.register(appbuilder, workspace)
    appbuilder.add_view_no_menu(type("RunsView", (RunsView,), {"workspace": workspace}))
    approval_pages.register(appbuilder, workspace)
    if contact_notes not in notes.SOURCES:
        notes.SOURCES.append(contact_notes)
    appbuilder.add_api(type("RuleApi", (RuleApi,), {"workspace": workspace}))
