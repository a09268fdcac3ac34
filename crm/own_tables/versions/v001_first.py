"""The first version: the tables as the last release without versions had them.

A database that such a release made has no version yet; what it lacks of these tables is brought back.
"""

import sqlalchemy as sa
from alembic import op

from crm.database import NAMING
from crm.own_tables.repair import adopt

revision = "v001_first"
down_revision = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
metadata = sa.MetaData(naming_convention=NAMING)


def upgrade() -> None:
    """Make the tables, or bring back what an older database lacks of them."""
    adopt(op.get_context(), metadata)


sa.Table(
    "crm_change",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("values", sa.Text, nullable=False),
    sa.Column("user_id", sa.Integer),
    sa.Column("actor_kind", sa.String(16), nullable=False),
    sa.Column("actor_name", sa.String(100), nullable=False),
    sa.Column("batch_id", sa.BigInteger),
    sa.Column("cause", sa.Text, nullable=False, default="[]"),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Index("ix_crm_change_batch_id", "batch_id"),
    sa.Index("ix_crm_change_record", "entity", "record_id", "id"),
)
sa.Table(
    "crm_draft",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("user_id", sa.Integer),
    sa.Column("user_name", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
    sa.UniqueConstraint("user_id"),
)
sa.Table(
    "crm_draft_edit",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("draft_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("body", sa.Text),
    sa.Column("base", sa.Integer, nullable=False),
    sa.Column("user_name", sa.String(64), nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
    sa.UniqueConstraint("draft_id", "kind", "name"),
)
sa.Table(
    "crm_draft_upload",
    metadata,
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
)
sa.Table(
    "crm_event",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("change_id", sa.BigInteger),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, default="waiting"),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("handled_at", sa.DateTime),
    sa.Index("ix_crm_event_state", "state", "id"),
)
sa.Table(
    "crm_file",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("key", sa.String(80), nullable=False),
    sa.Column("sha256", sa.String(64)),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("mime", sa.String(100), nullable=False),
    sa.Column("user_id", sa.Integer),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("entity_uid", sa.String(64), nullable=False),
    sa.Column("field_uid", sa.String(64), nullable=False),
    sa.Column("record_id", sa.BigInteger),
    sa.Index("ix_crm_file_record", "record_id", "at"),
)
sa.Table(
    "crm_import_batch",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("user_id", sa.Integer),
    sa.Column("file_name", sa.String(255), nullable=False),
    sa.Column("file_key", sa.String(255), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("file_seal", sa.Text),
    sa.Column("look", sa.Text, nullable=False),
    sa.Column("sheet", sa.String(255), nullable=False, default=""),
    sa.Column("header_row", sa.Integer, nullable=False, default=0),
    sa.Column("matching", sa.Text, nullable=False),
    sa.Column("fields", sa.Text, nullable=False, default="[]"),
    sa.Column("notes", sa.Text, nullable=False, default="[]"),
    sa.Column("problem", sa.Text, nullable=False, default="null"),
    sa.Column("problems_key", sa.String(255)),
    sa.Column("revision", sa.Integer, nullable=False, default=0),
    sa.Column("total", sa.Integer, nullable=False, default=0),
    sa.Column("done", sa.Integer, nullable=False, default=0),
    sa.Column("done_number", sa.BigInteger, nullable=False, default=0),
    sa.Column("created", sa.Integer, nullable=False, default=0),
    sa.Column("updated", sa.Integer, nullable=False, default=0),
    sa.Column("unchanged", sa.Integer, nullable=False, default=0),
    sa.Column("skipped", sa.Integer, nullable=False, default=0),
    sa.Column("failed", sa.Integer, nullable=False, default=0),
    sa.Column("removed", sa.Integer, nullable=False, default=0),
    sa.Column("restored", sa.Integer, nullable=False, default=0),
    sa.Column("kept", sa.Integer, nullable=False, default=0),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("begun_at", sa.DateTime),
    sa.Column("finished_at", sa.DateTime),
    sa.Index("ix_crm_import_batch_fingerprint", "fingerprint"),
)
sa.Table(
    "crm_import_row",
    metadata,
    sa.Column("batch_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("action", sa.String(10), nullable=False),
    sa.Column("record_id", sa.BigInteger),
    sa.Column("version", sa.Integer),
    sa.Column("content", sa.Text),
    sa.Column("problems", sa.Text),
)
sa.Table(
    "crm_message",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("key", sa.String(120), nullable=False),
    sa.Column("to", sa.String(255), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("language", sa.String(5), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", sa.DateTime, nullable=False),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("error", sa.Text),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("sent_at", sa.DateTime),
    sa.UniqueConstraint("key"),
    sa.Index("ix_crm_message_due", "state", "due_at"),
)
sa.Table(
    "crm_move",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("table_name", sa.String(64), nullable=False),
    sa.Column("old_column", sa.String(64), nullable=False),
    sa.Column("column_name", sa.String(64), nullable=False),
    sa.Column("field_uid", sa.String(64), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("revision", sa.Integer),
    sa.Column("after", sa.BigInteger, nullable=False, default=0),
    sa.Column("is_full", sa.Boolean, nullable=False, default=False),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("everywhere_since", sa.DateTime),
)
sa.Table(
    "crm_move_row",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("move_id", sa.BigInteger, nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Index("ix_crm_move_row", "move_id", "record_id"),
)
sa.Table(
    "crm_notification",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("text", sa.JSON, nullable=False),
    sa.Column("entity", sa.String(64)),
    sa.Column("record_id", sa.BigInteger),
    sa.Column("key", sa.String(120)),
    sa.Column("revision", sa.Integer),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("read_at", sa.DateTime),
    sa.UniqueConstraint("key"),
    sa.Index("ix_crm_notification_user", "user_id", "read_at", "id"),
)
sa.Table(
    "crm_once",
    metadata,
    sa.Column("token", sa.String(40), primary_key=True),
    sa.Column("record_id", sa.BigInteger),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Index("ix_crm_once_at", "at"),
)
sa.Table(
    "crm_pack",
    metadata,
    sa.Column("name", sa.String(48), primary_key=True),
    sa.Column("documents", sa.Text, nullable=False),
    sa.Column("identities", sa.Text, nullable=False),
    sa.Column("is_added", sa.Boolean, nullable=False),
    sa.Column("user_name", sa.String(64), nullable=False),
    sa.Column("changed_at", sa.DateTime, nullable=False),
)
sa.Table(
    "crm_process",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("seen_at", sa.DateTime, nullable=False),
    sa.Column("failure", sa.Text),
)
sa.Table(
    "crm_profile",
    metadata,
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("team_id", sa.BigInteger),
    sa.Column("language", sa.String(5)),
    sa.Column("time_zone", sa.String(64)),
    sa.Column("theme", sa.String(10)),
    sa.Index("ix_crm_profile_team_id", "team_id"),
)
sa.Table(
    "crm_publication",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("user_name", sa.String(64), nullable=False),
    sa.Column("draft_id", sa.BigInteger),
    sa.Column("number", sa.Integer),
    sa.Column("version", sa.Integer),
    sa.Column("why", sa.Text, nullable=False, default=""),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("revision", sa.Integer),
    sa.Column("problems", sa.Text, nullable=False, default="[]"),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
)
sa.Table(
    "crm_purge",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("table_name", sa.String(64), nullable=False),
    sa.Column("column_name", sa.String(64), nullable=False, default=""),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("field", sa.String(64), nullable=False, default=""),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("user_name", sa.String(64), nullable=False, default=""),
    sa.Column("at", sa.DateTime, nullable=False),
)
sa.Table(
    "crm_rekey",
    metadata,
    sa.Column("entity_uid", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("after", sa.BigInteger, nullable=False),
    sa.Column("narrower", sa.Boolean, nullable=False),
    sa.Column("lease_until", sa.DateTime),
)
sa.Table(
    "crm_revision",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("documents", sa.Text, nullable=False),
    sa.Column("identities", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False, default=""),
    sa.Column("user_name", sa.String(64), nullable=False, default=""),
    sa.Column("base", sa.Integer),
    sa.Column("created_at", sa.DateTime, nullable=False),
)
sa.Table(
    "crm_rule_clock",
    metadata,
    sa.Column("rule", sa.String(64), primary_key=True),
    sa.Column("last_due", sa.DateTime, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
)
sa.Table(
    "crm_run",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("trigger_key", sa.String(120), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.BigInteger),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", sa.DateTime, nullable=False),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("why", sa.JSON, nullable=False),
    sa.Column("cause", sa.JSON, nullable=False),
    sa.Column("error", sa.JSON),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("ended_at", sa.DateTime),
    sa.UniqueConstraint("rule", "trigger_key"),
    sa.Index("ix_crm_run_due", "state", "due_at"),
    sa.Index("ix_crm_run_record", "entity", "record_id", "id"),
    sa.Index("ix_crm_run_rule", "rule", "id"),
)
sa.Table(
    "crm_sequence",
    metadata,
    sa.Column("field_uid", sa.String(64), primary_key=True),
    sa.Column("series", sa.String(80), primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)
sa.Table(
    "crm_step",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("position", sa.String(40), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("effect", sa.JSON, nullable=False),
    sa.Column("revision", sa.Integer),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.UniqueConstraint("run_id", "position"),
)
sa.Table(
    "crm_team",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.UniqueConstraint("name"),
)
sa.Table(
    "crm_turn",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)
sa.Table(
    "crm_unbuilt_index",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("field", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("tried_at", sa.DateTime, nullable=False),
)
sa.Table(
    "crm_view",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("is_shared", sa.Boolean, nullable=False),
    sa.Index("ix_crm_view_entity", "entity"),
)
