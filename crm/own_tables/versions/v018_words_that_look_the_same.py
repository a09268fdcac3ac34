"""Records that look the same are found by their search keys, which are written anew; the indexes for it go."""

import sqlalchemy as sa
from alembic import op

revision = "v018_words_that_look_the_same"
down_revision = "v017_addresses_of_calendars"

ENTITIES = {
    "sqlite": "SELECT json_extract(one.value, '$.uid') AS uid FROM crm_revision, json_each(crm_revision.identities, "
    "'$.entities') AS one",
    "postgresql": "SELECT one.value ->> 'uid' AS uid FROM crm_revision, "
    "json_each(CAST(crm_revision.identities AS json) -> 'entities') AS one",
}
FORMER_INDEXES = """DO $$ DECLARE found text; BEGIN
    FOR found IN SELECT quote_ident(indexname) FROM pg_indexes WHERE schemaname = current_schema()
                 AND indexname LIKE 'like\\_%' AND indexdef LIKE '%crm_alike(%' LOOP
        EXECUTE 'DROP INDEX ' || found;
    END LOOP; END $$"""


def upgrade() -> None:
    """Say which keys lack words, and drop the former indexes; on SQLite the next publish does."""
    dialect = op.get_context().dialect.name
    live = "WHERE crm_revision.number = (SELECT max(number) FROM crm_revision)"
    op.execute(
        "INSERT INTO crm_rekey (entity_uid, revision, after, outdated) "  # noqa: S608 - names of our own columns
        f"SELECT found.uid, 0, 0, {'false' if dialect == 'postgresql' else 0} "
        f"FROM ({ENTITIES[dialect]} {live}) AS found WHERE found.uid NOT IN (SELECT entity_uid FROM crm_rekey)"
    )
    op.execute(sa.text("UPDATE crm_rekey SET after = 0"))
    if dialect == "postgresql":
        op.execute(FORMER_INDEXES)
