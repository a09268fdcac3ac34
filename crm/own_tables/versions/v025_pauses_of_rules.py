"""Rules that fail again and again pause; steps say how long they took."""

import sqlalchemy as sa
from alembic import op

revision = "v025_pauses_of_rules"
down_revision = "v024_start_pages"


def upgrade() -> None:
    """Make the table, the column and the index by which a cause finds its runs."""
    op.create_table(
        "crm_rule_pause",
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("last_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_crm_rule_pause")),
    )
    with op.batch_alter_table("crm_step", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ms", sa.Integer(), nullable=True))
    with op.batch_alter_table("crm_run", schema=None) as batch_op:
        batch_op.create_index("ix_crm_run_root", ["root"], unique=False)
