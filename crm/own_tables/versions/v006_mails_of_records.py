"""Which record an e-mail was sent for; those that were sent before know it from their run."""

import sqlalchemy as sa
from alembic import op

revision = "v006_mails_of_records"
down_revision = "v005_sign_ins"

RUN_OF_KEY = {
    "sqlite": "CAST(substr(crm_message.key, 1, instr(crm_message.key, ':') - 1) AS INTEGER)",
    "postgresql": "CAST(split_part(crm_message.key, ':', 1) AS bigint)",
}


def upgrade() -> None:
    """Add the columns and fill them from the runs."""
    with op.batch_alter_table("crm_message") as batch_op:
        batch_op.add_column(sa.Column("entity", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("record_id", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=True))
        batch_op.create_index("ix_crm_message_record", ["entity", "record_id", "id"], unique=False)
    run = RUN_OF_KEY[op.get_context().dialect.name]
    for column in ("entity", "record_id", "revision"):
        op.execute(
            f"UPDATE crm_message SET {column} = "  # noqa: S608 - names of our own columns
            f"(SELECT crm_run.{column} FROM crm_run WHERE crm_run.id = {run})"
        )
