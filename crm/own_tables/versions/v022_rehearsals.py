"""Rehearsals of rules that are asked for in the web."""

import sqlalchemy as sa
from alembic import op

revision = "v022_rehearsals"
down_revision = "v021_contact_policy"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "crm_rehearsal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_rehearsal")),
    )
    with op.batch_alter_table("crm_rehearsal", schema=None) as batch_op:
        batch_op.create_index("ix_crm_rehearsal_user_id_rule", ["user_id", "rule"], unique=False)
