"""Messages have lanes too: the e-mail of a single deed does not wait for those of a crowd."""

import sqlalchemy as sa
from alembic import op

revision = "v011_lanes_of_messages"
down_revision = "v010_words_of_records"


def upgrade() -> None:
    """Add the lane, and the index by which messages are claimed."""
    with op.batch_alter_table("crm_message") as batch_op:
        batch_op.add_column(sa.Column("lane", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.create_index("ix_crm_message_lane", ["state", "lane", "id"], unique=False)
