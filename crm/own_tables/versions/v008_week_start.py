"""A user may choose with which day weeks begin."""

import sqlalchemy as sa
from alembic import op

revision = "v008_week_start"
down_revision = "v007_order_by_language"


def upgrade() -> None:
    """Add the column; whoever has not chosen keeps the custom of language and place."""
    with op.batch_alter_table("crm_profile") as batch_op:
        batch_op.add_column(sa.Column("week_start", sa.String(length=10), nullable=True))
