"""Bulk changes, and the bin of deleted records."""

import sqlalchemy as sa
from alembic import op

revision = "v016_bulk_changes_and_bin"
down_revision = "v015_tell_what_is_due"


def upgrade() -> None:
    """Add bulk changes and the bin."""
    add_bin()
    add_bulk_changes()


def add_bin() -> None:
    """Add what deleted records held."""
    op.create_table(
        "crm_bin",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("deed_id", sa.BigInteger(), nullable=True),
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("is_link", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("stamps", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_bin")),
    )
    with op.batch_alter_table("crm_bin", schema=None) as batch_op:
        batch_op.create_index("ix_crm_bin_at", ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_crm_bin_deed_id"), ["deed_id"], unique=False)
        batch_op.create_index("ix_crm_bin_record", ["entity", "record_id"], unique=False)


def add_bulk_changes() -> None:
    """Add jobs and their chunks."""
    op.create_table(
        "crm_bulk_chunk",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("of_number", sa.Integer(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("problems", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_crm_bulk_chunk")),
    )
    op.create_table(
        "crm_bulk_job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("done_number", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_bulk_job")),
    )
    with op.batch_alter_table("crm_bulk_job", schema=None) as batch_op:
        batch_op.create_index("ix_crm_bulk_job_state", ["state"], unique=False)
        batch_op.create_index("ix_crm_bulk_job_user", ["user_id", "id"], unique=False)
