"""Lists have an order per language: the indexes of the one order for all go, and others are built behind the start."""

import sqlalchemy as sa
from alembic import op

revision = "v007_order_by_language"
down_revision = "v006_mails_of_records"

DROP_ALL = """DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT indexname FROM pg_indexes
        WHERE schemaname = current_schema() AND strpos(indexdef, 'crm_sort(') > 0
    LOOP EXECUTE 'DROP INDEX ' || quote_ident(name); END LOOP; END $$"""
FIND = "SELECT name FROM sqlite_master WHERE type = 'index' AND instr(sql, 'crm_sort(') > 0"


def upgrade() -> None:
    """Drop the indexes and the function they called; until there are others, lists are sorted without."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(DROP_ALL)
        op.execute("DROP FUNCTION IF EXISTS crm_sort(text)")
        return
    for name in op.get_bind().scalars(sa.text(FIND)).all():
        op.execute(f'DROP INDEX "{name}"')
