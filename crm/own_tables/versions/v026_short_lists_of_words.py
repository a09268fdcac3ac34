"""Indexes of words keep few words beside them, because every save reads through those."""

from alembic import op

revision = "v026_short_lists_of_words"
down_revision = "v025_pauses_of_rules"

SHORTEN = """DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT i.relname FROM pg_class i JOIN pg_am a ON a.oid = i.relam
        WHERE i.relkind = 'i' AND a.amname = 'gin' AND i.relname LIKE 'words\\_%'
            AND i.relnamespace = current_schema()::regnamespace
    LOOP EXECUTE format('ALTER INDEX %I SET (gin_pending_list_limit = 64)', name); END LOOP;
END $$"""


def upgrade() -> None:
    """Change how they are kept."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(SHORTEN)
