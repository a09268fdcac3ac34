"""Where somebody is signed in tells what device it is."""

import sqlalchemy as sa
from alembic import op

revision = "v023_devices_of_sign_ins"
down_revision = "v022_rehearsals"


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("crm_sign_in") as batch_op:
        batch_op.add_column(sa.Column("device", sa.String(length=100), nullable=True))
