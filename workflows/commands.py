"""`flask crm rule try`: what a rule would do, without doing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from crm.commands import Context, crm_command
from workflows.organisation import RuleWorkshop, organisation_of
from workflows.runs.drafted import find_draft_of_rule, rehearse_both
from workflows.runs.rehearse import Asked, read_period, rehearse


def register(group: click.Group) -> None:
    """Add the commands of this package."""

    @group.group("rule", help="What happens by itself.")
    def rule() -> None:
        pass

    @crm_command(rule, "try", help="Show what a rule would do; nothing is changed or sent.")
    @click.argument("name")
    @click.option("--record", "record_id", type=int, help="Only this record.")
    @click.option("--since", help="Instead of today's records: what happened lately, such as 30d or 12h.")
    @click.option("--changes", type=click.IntRange(1), help="The last changes, so many.")
    @click.option("--draft", "is_draft", is_flag=True, help="The draft's version beside the live one.")
    @click.option("--user", help="Whose draft, when several change the rule.")
    def try_one(context: Context, name: str, is_draft: bool, user: str | None, **options: Any) -> None:
        workshop = RuleWorkshop(context.engine, organisation_of(context.settings))
        since = options["since"]
        asked = Asked(options["record_id"], read_period(since) if since else None, options["changes"])
        if not is_draft:
            found = rehearse(workshop, name, asked).as_json()
            context.answer(found, as_text(found))
            return
        with workshop.reading() as session:
            draft = find_draft_of_rule(session, name, user)
        found = rehearse_both(workshop, draft, name, asked)
        context.answer(found, as_text(found))


def as_text(found: Mapping[str, Any]) -> str:
    """Return a rehearsal for people."""
    lines = [f"{found['rule']}: {found['considered']} considered, {len(found['firings'])} would fire."]
    if found.get("left_out"):
        lines.append(f"  Left out: {found['left_out']}.")
    if found.get("live"):
        lines.append(f"  The live version: {len(found['live']['firings'])} would fire.")
    for firing in found["firings"]:
        lines.append(f"  #{firing['record']} at {firing['at']}")
        lines += [f"    {_line(effect)}" for effect in firing["effects"]]
        lines += [f"    ! {problem}" for problem in firing.get("problems", ())]
    return "\n".join(lines)


def _line(effect: dict) -> str:
    rest = ", ".join(f"{name}={value}" for name, value in effect.items() if name != "action")
    return f"{effect['action']}: {rest}"
