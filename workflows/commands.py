"""`flask crm rule try`: what a rule would do, without doing it."""

from __future__ import annotations

import click

from crm.commands import Context, crm_command
from workflows.organisation import RuleWorkshop, organisation_of
from workflows.runs.rehearse import Rehearsal, read_period, try_rule


def register(group: click.Group) -> None:
    """Add the commands of this package."""

    @group.group("rule", help="What happens by itself.")
    def rule() -> None:
        pass

    @crm_command(rule, "try", help="Show what a rule would do; nothing is changed or sent.")
    @click.argument("name")
    @click.option("--record", "record_id", type=int, help="Only this record.")
    @click.option("--since", help="Instead of today's records: what happened lately, such as 30d or 12h.")
    def try_one(context: Context, name: str, record_id: int | None, since: str | None) -> None:
        workshop = RuleWorkshop(context.engine, organisation_of(context.settings))
        period = read_period(since) if since else None
        found = try_rule(workshop, name, record_id, period)
        context.answer(found.as_json(), as_text(found))


def as_text(found: Rehearsal) -> str:
    """Return a rehearsal for people."""
    lines = [f"{found.rule}: {found.considered} considered, {len(found.firings)} would fire."]
    for firing in found.firings:
        lines.append(f"  #{firing['record']} at {firing['at']}")
        lines += [f"    {_line(effect)}" for effect in firing["effects"]]
        lines += [f"    ! {problem}" for problem in firing.get("problems", ())]
    return "\n".join(lines)


def _line(effect: dict) -> str:
    rest = ", ".join(f"{name}={value}" for name, value in effect.items() if name != "action")
    return f"{effect['action']}: {rest}"
