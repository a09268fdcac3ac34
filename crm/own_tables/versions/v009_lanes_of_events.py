"""Events and runs have lanes: single deeds do not wait for those of a crowd."""

import sqlalchemy as sa
from alembic import op

revision = "v009_lanes_of_events"
down_revision = "v008_week_start"


def upgrade() -> None:
    """Add the lane, and the indexes by which work is claimed."""
    with op.batch_alter_table("crm_event") as batch_op:
        batch_op.add_column(sa.Column("lane", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.drop_index("ix_crm_event_state")
        batch_op.create_index("ix_crm_event_lane", ["state", "lane", "id"], unique=False)
        batch_op.create_index("ix_crm_event_record", ["entity", "record_id", "id"], unique=False)

    with op.batch_alter_table("crm_run") as batch_op:
        batch_op.add_column(sa.Column("lane", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.create_index("ix_crm_run_lane", ["state", "lane", "id"], unique=False)
