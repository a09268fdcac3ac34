"""Who is signed in where. It is empty at first: everybody signs in once more after the upgrade."""

import sqlalchemy as sa
from alembic import op

revision = "v005_sign_ins"
down_revision = "v004_add_handovers"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "crm_sign_in",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_sign_in")),
        sa.UniqueConstraint("digest", name=op.f("uq_crm_sign_in_digest")),
    )
    with op.batch_alter_table("crm_sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_crm_sign_in_ends_at"), ["ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_crm_sign_in_user_id"), ["user_id"], unique=False)
