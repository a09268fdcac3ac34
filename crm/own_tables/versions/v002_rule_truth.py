"""Where the conditions of rules hold that wait for them.

It is empty at first; a publish or the first tick fills it.
"""

import sqlalchemy as sa
from alembic import op

revision = "v002_rule_truth"
down_revision = "v001_first"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "crm_rule_truth",
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("rule", "record_id", name=op.f("pk_crm_rule_truth")),
    )
