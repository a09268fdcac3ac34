"""Webhooks: the secrets of those who call, and the calls that came."""

import sqlalchemy as sa
from alembic import op

revision = "v014_signed_webhooks"
down_revision = "v013_calls_to_other_systems"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "crm_hook",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("former_secret", sa.Text(), nullable=True),
        sa.Column("former_until", sa.DateTime(), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_crm_hook")),
    )
    op.create_table(
        "crm_hook_call",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hook", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_hook_call")),
        sa.UniqueConstraint("hook", "digest", name=op.f("uq_crm_hook_call_hook_digest")),
        sa.UniqueConstraint("hook", "key", name=op.f("uq_crm_hook_call_hook_key")),
    )
    with op.batch_alter_table("crm_hook_call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_crm_hook_call_at"), ["at"], unique=False)
