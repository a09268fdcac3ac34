"""The records each user opened last, for the empty search field."""

import sqlalchemy as sa
from alembic import op

revision = "v012_add_recent_records"
down_revision = "v011_lanes_of_messages"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "crm_recent",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entity_uid", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "entity_uid", "record_id", name=op.f("pk_crm_recent")),
    )
