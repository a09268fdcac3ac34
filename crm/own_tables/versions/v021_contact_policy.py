"""Contact policy."""

import sqlalchemy as sa
from alembic import op

revision = "v021_contact_policy"
down_revision = "v020_not_the_same"


def upgrade() -> None:
    """Contact policy."""

    with op.batch_alter_table("crm_message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("is_service", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("counted_for", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("contacted_at", sa.DateTime(), nullable=True))
        batch_op.create_index("ix_crm_message_counted", ["counted_for", "contacted_at"], unique=False)
        batch_op.create_index("ix_crm_message_person", ["person", "id"], unique=False)
