"""How far the records of each entity were looked at for reminders."""

import sqlalchemy as sa
from alembic import op

revision = "v015_tell_what_is_due"
down_revision = "v014_signed_webhooks"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "crm_reminder",
        sa.Column("entity_uid", sa.String(length=64), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("entity_uid", name=op.f("pk_crm_reminder")),
    )
