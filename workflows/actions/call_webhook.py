"""`call_webhook: {url: "https://…", secret: …, body: {id: "= id", name: "{name}"}}`: tell another system."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from crm.conditions import parse_formula
from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import ANYTHING, WORD, closed
from crm.entities.secret_words import SECRET, is_secret, open_secret
from crm.entities.walk import SENT, Spot, Walker
from crm.errors import Problem, RuleError
from crm.texts import N_, NP_
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.values import PLACEHOLDER, formula_of
from workflows.calls.addresses import read_url
from workflows.calls.outbox import Call, add_call
from workflows.paths import PATH, find_path
from workflows.placeholders import check_text, fill
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import say
from workflows.runs.budget import CALLS

MOST_PARTS = 200  # names, values and lists of one body
DEEPEST = 6  # maps and lists in one another
LARGEST = 100_000  # characters of one body as it is sent


def bare_url(url: Any) -> Any:
    """Return a URL without its placeholders, which stand for some text.

    >>> bare_url("https://example.com/orders/{number}")
    'https://example.com/orders/x'
    """
    return PLACEHOLDER.sub("x", url) if isinstance(url, str) else url


class CallWebhook(Action):
    """Puts a signed call into the outbox; it leaves after the commit, with the same key at each attempt."""

    name = "call_webhook"
    label = NP_("step", "Call another system")
    labels = {"body": NP_("key", "Content")}
    shape = closed(url=WORD, secret=SECRET, body=ANYTHING)
    words = {
        "rule.bad_url": N_(
            "“%(value)s” can't be called. Enter an address like https://example.com/hook, without a user name."
        ),
        "rule.url_host_fixed": N_("The host of the address can't contain placeholders."),
        "rule.bad_secret": N_("Enter the secret as text."),
        "rule.body_too_large": N_("This body has too many or too deeply nested values."),
        "rule.says_call_webhook": NP_("step", "Call %(host)s"),
        "rule.effect_call": NP_("step", "Address"),
        "rule.effect_body": NP_("step", "Content"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note addresses that cannot be called, and names in the address or the body that do not exist."""
        found = place.keys(body, self.keys, ("url",))
        if "url" in found:
            self._check_url(found["url"], place.at("url"))
        if "secret" in found and not is_secret(found["secret"]):
            place.at("secret").refuse("rule.bad_secret")
        if "body" in found:
            if sum(1 for _part in _parts(found["body"])) > MOST_PARTS or _depth(found["body"]) > DEEPEST:
                place.at("body").refuse("rule.body_too_large")
            else:
                _check_value(found["body"], place.at("body"))

    @staticmethod
    def _check_url(url: Any, place: Place) -> None:
        if read_url(bare_url(url)) is None:
            place.refuse("rule.bad_url", value=str(url)[:80])
            return
        if "{" in url.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]:
            place.refuse("rule.url_host_fixed")
        place.add(check_text(url, place.entity, place.schema))

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """What the address and the body name is read, and sent to the address."""

        def url(value: Any, at: Spot) -> Any:
            return walker.part("webhook")(walker.text(value, at), at.to_be(SENT))

        def value(given: Any, at: Spot) -> Any:
            if isinstance(given, Mapping):
                return {name: value(inner, at.at(name)) for name, inner in given.items()}
            if isinstance(given, list):
                return walker.each(value)(given, at)
            return walker.value(given, at) if formula_of(given) is not None else walker.text(given, at)

        return walker.inside(body, spot, {"url": url, "secret": walker.secret, "body": value})

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say whom it calls."""
        target = read_url(bare_url(step.body["url"]))
        return say("rule.says_call_webhook", language, host=target.host if target else step.body["url"])

    def perform(self, step: Step, work: Any) -> Outcome:
        """Write the call, ready to leave; a body of text is sent as it is, any other as JSON."""
        write = work.writer(work.organisation.language)
        url = fill(step.body["url"], lambda path: quote(write(path), safe=""))
        body = self._body(step, work)
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        if len(text) > LARGEST:
            raise RuleError("rule.body_too_large")
        kind = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
        work.spend(CALLS)
        secret = open_secret(step.body["secret"]) if "secret" in step.body else ""
        made = Call(work.rule.name, url, text, secret, kind)
        add_call(work.session, made, f"{work.key}:0", (work.entity.name, work.record.id), work.cause)
        return Outcome({"action": self.name, "url": url, "body": body})

    @staticmethod
    def _body(step: Step, work: Any) -> Any:
        """Return what is sent: what the rule says, or which record it is about where it says nothing."""
        if step.body.get("body") is not None:
            return _value(step.body["body"], work)
        return {"rule": work.rule.name, "entity": work.entity.name, "id": work.record.id}

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say what was sent, and where."""
        yield say("rule.effect_call", language), effect["url"]
        body = effect["body"]
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        yield say("rule.effect_body", language), text


def _parts(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _parts(inner)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _check_value(value: Any, place: Place) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _check_value(inner, place.at(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_value(inner, place.at(index))
    elif isinstance(value, str):
        formula = formula_of(value)
        if formula is None:
            place.add(check_text(value, place.entity, place.schema))
        elif PATH.match(formula):
            path = place.find(formula)
            if path and path.field.encrypted:
                place.refuse("schema.encrypted_not_here", name=formula)
        else:
            place.add(parse_formula(formula, place.entity, place.schema)[1])


def _value(given: Any, work: Any) -> Any:
    """Return a part of the body as JSON: a formula or a placeholder that stands alone is the value itself."""
    if isinstance(given, Mapping):
        return {str(name): _value(inner, work) for name, inner in given.items()}
    if isinstance(given, list):
        return [_value(inner, work) for inner in given]
    if not isinstance(given, str):
        return _plain(given)
    alone = PLACEHOLDER.fullmatch(given)
    formula = alone[1] if alone else formula_of(given)
    if formula is None:
        return work.in_language(given, work.organisation.language)
    return _plain(work.computed(formula, work.record)) if not PATH.match(formula) else _at(formula, work)


def _at(path: str, work: Any) -> Any:
    if work.is_given(path):
        return _plain(work.given_at(path))
    found = find_path(path, work.entity, work.schema)
    if isinstance(found, Problem):
        raise RuleError(found.code, **found.params)
    if found.entity is None or found.is_title or found.is_link:
        return work.writer(work.organisation.language)(path)
    return _plain(work.value_at(found))


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it: amounts as text, for exactness, moments in UTC."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | bool | type(None)) else str(value)
