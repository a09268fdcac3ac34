"""The page that somebody wants to begin with."""

import sqlalchemy as sa
from alembic import op

revision = "v024_start_pages"
down_revision = "v023_devices_of_sign_ins"


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("crm_profile") as batch_op:
        batch_op.add_column(sa.Column("start_page", sa.String(length=16), nullable=True))
