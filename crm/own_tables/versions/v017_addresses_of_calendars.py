"""Addresses that programs read a person's calendar at."""

import sqlalchemy as sa
from alembic import op

revision = "v017_addresses_of_calendars"
down_revision = "v016_bulk_changes_and_bin"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "crm_feed",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_feed")),
        sa.UniqueConstraint("digest", name=op.f("uq_crm_feed_digest")),
    )
    with op.batch_alter_table("crm_feed") as batch_op:
        batch_op.create_index(batch_op.f("ix_crm_feed_user_id"), ["user_id"], unique=False)
