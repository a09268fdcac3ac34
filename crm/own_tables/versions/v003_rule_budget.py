"""How much rules have done from one cause; a run knows its cause."""

import sqlalchemy as sa
from alembic import op

revision = "v003_rule_budget"
down_revision = "v002_rule_truth"


def upgrade() -> None:
    """Make the table, and the column; runs that wait are counted by themselves."""
    op.create_table(
        "crm_rule_budget",
        sa.Column("root", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("root", "kind", name=op.f("pk_crm_rule_budget")),
    )
    with op.batch_alter_table("crm_rule_budget") as batch_op:
        batch_op.create_index("ix_crm_rule_budget_at", ["at"])
    with op.batch_alter_table("crm_run") as batch_op:
        batch_op.add_column(sa.Column("root", sa.String(length=40), nullable=True))
