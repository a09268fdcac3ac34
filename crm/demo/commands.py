"""`flask crm demo`: fill a database with believable records."""

from __future__ import annotations

import click

from crm.commands import Context, crm_command


def register(group: click.Group) -> None:
    """Add the command to `flask crm`."""

    @crm_command(group, "demo", help="Add believable records with their history.")
    @click.option("--customers", type=click.IntRange(1, 1_000_000), default=300, show_default=True)
    @click.option(
        "--seed", type=int, default=1, show_default=True, help="The same seed gives the same records."
    )
    @click.option("--password", default="", help="Of the demo users; without it they have the admin's.")
    def demo(context: Context, customers: int, seed: int, password: str) -> None:
        from crm.demo.load import load_demo  # Faker alone takes a second

        count = load_demo(context.engine, customers, seed, password)
        context.answer({"customers": customers, "records": count}, f"{count} records are there now.")
