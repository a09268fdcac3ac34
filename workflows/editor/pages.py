"""`/admin/rules/`: the rules as the draft has them, listed and ordered, and the editor of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import flash, make_response, redirect, request
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import gettext, lazy_pgettext, pgettext
from werkzeug.wrappers import Response

from crm.database import CrmSession
from crm.drafts.service import find_draft, open_draft, save_document
from crm.entities.build import label_of
from crm.entities.model import Document
from crm.entities.reader import NAME
from crm.errors import ConflictError, NotFoundError, Problem
from crm.fields.alphabet import sort_key
from crm.revisions.workspace import Workspace
from crm.web.conditions.builder import is_pressed
from crm.web.fab.permissions import CONFIGURATION
from crm.web.fab.views import page
from crm.web.language import NAMES, current_language
from crm.web.schema.key_forms import key_of
from crm.web.serving.asking import asks
from crm.web.serving.session import current_session, require_configuration
from workflows.editor import service
from workflows.editor.forms import BUTTON, Editors, Sent, open_rule, read_rule
from workflows.editor.order import in_order
from workflows.editor.parts import Surroundings
from workflows.editor.starters import list_starters
from workflows.editor.views import Drawer, actions, placeholders, triggers, units
from workflows.rules.build import build_rule
from workflows.rules.sentence import say_rule
from workflows.runs import store
from workflows.runs.rehearsals import was_rehearsed

HOME = "/admin/rules/"
NEW = f"{HOME}new-rule"  # no rule can be called so


def is_redrawing() -> bool:
    """Return whether the form was sent by a button that saves nothing."""
    return is_pressed(request.form) or BUTTON in request.form


class RulesView(BaseView):
    """The rules in the draft."""

    route_base = "/admin/rules"
    default_view = "index"
    class_permission_name = CONFIGURATION

    @page("/")
    def index(self) -> str:
        """List the rules entity by entity, in the order in which they run."""
        require_configuration()
        session = current_session()
        return self.render_template(
            "rules/list.html",
            title=pgettext("title", "Rules"),
            groups=list(groups_of(session)),
            removed=[
                label_of(one.body, "label", one.name).get(current_language())
                for one in service.removed_rules(session)
            ],
            draft=find_draft(session),
        )

    @page("/order", methods=["POST"])
    def order(self) -> Response:
        """Let a rule run earlier or later among those of its entity."""
        require_configuration()
        session, place = current_session(), request.form.get("place", "")
        service.move_rule(session, request.form.get("field", ""), int(place) if place.isdecimal() else 0)
        session.commit()
        return redirect(HOME)

    @page("/new-rule")
    def choose(self) -> Response | str:
        """Begin a rule: from nothing, or from one of those that are offered."""
        require_configuration()
        session = current_session()
        schema, language = service.proposed(session), current_language()
        starters = list_starters(schema)
        chosen = next((body for body, rule in starters if rule.name == request.args.get("start")), None)
        if chosen is None and request.args.get("entity") in schema.entities:
            chosen = service.blank_rule(request.args["entity"])
        if chosen is not None:
            around = service.surroundings(session, chosen["entity"])
            return self.form("", open_rule({**chosen, "rule": ""}, around), around)
        return self.render_template(
            "rules/new.html",
            title=pgettext("title", "New rule"),
            starters=[(rule, say_rule(rule, schema, language)) for _body, rule in starters],
            entities=entities_of(session),
            draft=find_draft(session),
        )

    @page("/new-rule", methods=["POST"])
    @asks(is_redrawing)
    def add(self) -> Response:
        """Put a new rule into the draft."""
        return self._save("", service.blank_rule(""))

    @page("/<name>/")
    def show(self, name: str) -> Response:
        """Show the editor of a rule, and its latest runs."""
        require_configuration()
        session = current_session()
        document = service.get_rule(session, name)
        around = around_of(session, document.body)
        return self.form(name, open_rule(document.body, around), around)

    @page("/<name>/", methods=["POST"])
    @asks(is_redrawing)
    def save(self, name: str) -> Response:
        """Put what the form says into the draft."""
        return self._save(name, service.get_rule(current_session(), name).body)

    @page("/<name>/activate")
    def activate(self, name: str) -> Response | str:
        """Ask for a test run before a rule becomes active for the first time."""
        require_configuration()
        session = current_session()
        document = service.get_rule(session, name)
        around = around_of(session, document.body)
        return self.render_template(
            "rules/activate.html",
            name=name,
            title=title_of(document.body, name, current_language()),
            problems=len(open_rule(document.body, around).problems),
            is_first=is_first(session, name),
            is_tried=was_rehearsed(session, name, document.body),
            draft=find_draft(session),
        )

    @page("/<name>/switch", methods=["POST"])
    def switch(self, name: str) -> Response:
        """Switch a rule on or off in the draft."""
        require_configuration()
        session, is_on = current_session(), request.form.get("to") == "on"
        body = service.get_rule(session, name).body
        asks_first = is_on and "skip" not in request.form and is_first(session, name)
        if asks_first and not was_rehearsed(session, name, body):
            return redirect(f"{HOME}{name}/activate")
        service.switch_rule(session, name, is_on)
        session.commit()
        return redirect(HOME if request.form.get("from") == "list" else f"{HOME}{name}/")

    @page("/<name>/copy", methods=["POST"])
    def copy(self, name: str) -> Response:
        """Put a copy of a rule into the draft."""
        require_configuration()
        session = current_session()
        copied = service.copy_rule(session, name)
        session.commit()
        flash(gettext("The copy is in your draft. It is inactive until you activate it."), "success")
        return redirect(f"{HOME}{copied}/")

    @page("/<name>/delete", methods=["POST"])
    def delete(self, name: str) -> Response:
        """Let the draft do without a rule."""
        require_configuration()
        session = current_session()
        service.delete_rule(session, name)
        session.commit()
        flash(gettext("The rule will be removed when the draft is published."), "success")
        return redirect(HOME)

    def _save(self, name: str, body: Mapping[str, Any]) -> Response:
        require_configuration()
        session, form = current_session(), request.form
        around = around_of(session, {**body, "entity": form.get("entity") or body.get("entity")})
        sent = read_rule(form, body, around, Editors(session, around))
        if is_redrawing():
            return self.form(name, sent, around, is_judged=False)
        if not name:
            self._name(session, sent)
        if not sent.problems:
            name = self._keep(session, name, sent)
        if sent.problems:
            session.rollback()
            return self.form(name, sent, around)
        flash(gettext("The rule is saved in your draft. Publish it to put it into use."), "success")
        return redirect(f"{HOME}{name}/")

    @staticmethod
    def _name(session: CrmSession, sent: Sent) -> None:
        """Give a new rule the name that was typed, else one made of its label."""
        typed = request.form.get("name", "").strip()
        label = sent.body.get("label")
        words = label if isinstance(label, Mapping) else {"en": str(label or "")}
        made = service.free_name(session, key_of(words) or "rule")
        sent.body = {**sent.body, "rule": typed or made}
        sent.problems = [found for found in sent.problems if found[0] != ("rule",)]
        if typed and not (NAME.match(typed) and not typed.endswith("_")):
            sent.problems.append((("rule",), Problem("schema.bad_name", {"name": typed[:60]})))
        elif typed and service.free_name(session, typed) != typed:
            sent.problems.append((("rule",), Problem("rule.exists", {"name": typed})))

    @staticmethod
    def _keep(session: CrmSession, name: str, sent: Sent) -> str:
        version = request.form.get("_version", "")
        number = int(version) if version.isdecimal() else None
        name = name or str(sent.body["rule"])
        try:
            save_document(session, open_draft(session), service.KIND, name, sent.body, number)
        except ConflictError as error:
            session.rollback()
            sent.problems.append(((), error.as_problem()))
        else:
            session.commit()
        return name

    def form(self, name: str, sent: Sent, around: Surroundings, is_judged: bool = True) -> Response:
        """Return the editor; a refused form with what was sent and what is wrong with it."""
        session, language = current_session(), current_language()
        is_shown = is_judged and (sent.form is not None or bool(name))
        drawer = Drawer(sent, around, Editors(session, around), is_shown)
        draft = find_draft(session)
        drawn = {
            "settings": drawer.settings(), "when": drawer.when(), "conditions": drawer.conditions(),
            "steps": drawer.steps(),
        }  # fmt: skip
        html = self.render_template(
            "rules/editor.html",
            name=name,
            title=title_of(sent.body, name, language),
            sentence="" if sent.problems else sentence_of(sent.body, around),
            body=sent.body,
            typed=request.form.get("name", ""),
            problems=[("", "", sentence) for sentence in drawer.rest()] if is_shown else [],
            count=len(sent.problems) if is_shown else 0,
            version=request.form.get("_version") if sent.form else (draft.version if draft else ""),
            entities=entities_of(session),
            triggers=triggers(language),
            actions=actions(language),
            units=units(language),
            placeholders=placeholders(around),
            tongues=NAMES,
            draft=draft,
            edit=draft.find_edit(service.KIND, name) if draft and name else None,
            is_live=name in session.workspace.schema.parts.get("rule", {}),
            **drawn,
        )
        refused = sent.form is not None and is_judged and sent.problems
        return make_response(html, 422 if refused else 200)


def is_first(session: CrmSession, name: str) -> bool:
    """Return whether a rule was never active, as far as anybody knows: it is not live, and has no run."""
    live = session.workspace.schema.parts.get("rule", {}).get(name)
    return not (live and live.enabled) and not store.list_runs(session, 1, name)


def around_of(session: CrmSession, body: Mapping[str, Any]) -> Surroundings:
    """Return what a rule is written against; of an entity that is gone, another one takes the place."""
    try:
        return service.surroundings(session, str(body.get("entity") or ""))
    except NotFoundError:
        entities = session.workspace.schema.entities
        return service.surroundings(session, next(iter(entities)))


def title_of(body: Mapping[str, Any], name: str, language: str) -> str:
    """Return what a rule is called."""
    if not name and not body.get("label"):
        return pgettext("title", "New rule")
    return label_of(body, "label", name).get(language)


def sentence_of(body: Mapping[str, Any], around: Surroundings) -> str:
    """Return a rule without problems as a sentence."""
    document = Document("rule", str(body.get("rule") or "rule"), body)
    return say_rule(build_rule(document, around.schema), around.schema, around.language)


def entities_of(session: CrmSession) -> list[tuple[str, str]]:
    """Return the entities of the draft, by what they are called."""
    language = current_language()
    found = [(name, one.plural.get(language)) for name, one in service.proposed(session).entities.items()]
    return sorted(found, key=lambda one: sort_key(one[1], language))


def groups_of(session: CrmSession) -> Iterator[dict[str, Any]]:
    """Yield the entities that have rules, each with its rules in the order in which they run."""
    entities, documents = dict(entities_of(session)), service.rule_documents(session)
    states, last = store.count_states(session), store.last_runs(session)
    schema = service.proposed(session)
    names = [*entities, *sorted({str(one.body.get("entity")) for one in documents} - set(entities))]
    for entity in names:
        mine = {one.name: one for one in documents if str(one.body.get("entity")) == entity}
        if not mine:
            continue
        ranked = in_order([service.ranked_of(one) for one in mine.values()])
        rows = [row_of(session, mine[name], schema) for name, _priority in ranked]
        for row in rows:
            row |= {"states": states.get(row["name"], {}), "last": last.get(row["name"])}
        yield {"entity": entity, "label": entities.get(entity, entity), "rows": rows}


def row_of(session: CrmSession, document: Document, schema: Any) -> dict[str, Any]:
    """Return a rule as the list draws it."""
    language = current_language()
    built = schema.parts.get("rule", {}).get(document.name)
    return {
        "name": document.name,
        "label": label_of(document.body, "label", document.name).get(language),
        "sentence": say_rule(built, schema, language) if built else "",
        "enabled": document.body.get("enabled", True) is True,
        "state": service.state_of(session, document),
    }


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view(
        RulesView, "Rules", href=HOME, icon="bolt", label=lazy_pgettext("title", "Rules"), category="Security"
    )
