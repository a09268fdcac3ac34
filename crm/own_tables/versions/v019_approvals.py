"""Approvals."""

import sqlalchemy as sa
from alembic import op

revision = "v019_approvals"
down_revision = "v018_words_that_look_the_same"


def upgrade() -> None:
    """Add what waits for a decision, who has a say in it, and who is away."""
    _approvals()
    _seats()
    _away()


def _approvals() -> None:
    op.create_table(
        "crm_approval",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("remind_at", sa.DateTime(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_approval")),
        sa.UniqueConstraint("key", name=op.f("uq_crm_approval_key")),
    )
    with op.batch_alter_table("crm_approval", schema=None) as batch_op:
        batch_op.create_index("ix_crm_approval_record", ["entity", "record_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_crm_approval_run_id"), ["run_id"], unique=False)


def _seats() -> None:
    op.create_table(
        "crm_approval_seat",
        sa.Column("approval_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("text", sa.JSON(), nullable=False),
        sa.Column("stand_in_id", sa.Integer(), nullable=True),
        sa.Column("stand_in_text", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("approval_id", "person_id", name=op.f("pk_crm_approval_seat")),
    )
    with op.batch_alter_table("crm_approval_seat", schema=None) as batch_op:
        batch_op.create_index("ix_crm_approval_seat_person", ["person_id", "verdict"], unique=False)
        batch_op.create_index("ix_crm_approval_seat_stand_in", ["stand_in_id", "verdict"], unique=False)


def _away() -> None:
    op.create_table(
        "crm_away",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("stand_in_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_crm_away")),
    )
    with op.batch_alter_table("crm_away", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_crm_away_stand_in_id"), ["stand_in_id"], unique=False)
