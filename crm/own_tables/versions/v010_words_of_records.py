"""Search keys of another form: every entity's are written anew, and until then its records are found without them."""

import sqlalchemy as sa
from alembic import op

revision = "v010_words_of_records"
down_revision = "v009_lanes_of_events"

ENTITIES = {
    "sqlite": "SELECT json_extract(one.value, '$.uid') AS uid FROM crm_revision, json_each(crm_revision.identities, "
    "'$.entities') AS one",
    "postgresql": "SELECT one.value ->> 'uid' AS uid FROM crm_revision, "
    "json_each(CAST(crm_revision.identities AS json) -> 'entities') AS one",
}
FORMER_INDEXES = """DO $$ DECLARE found text; BEGIN
    FOR found IN SELECT quote_ident(indexname) FROM pg_indexes WHERE schemaname = current_schema()
                 AND indexname LIKE 'search\\_%' AND indexdef LIKE '%(search_key gin_trgm_ops)%' LOOP
        EXECUTE 'DROP INDEX ' || found;
    END LOOP; END $$"""


def upgrade() -> None:
    """Say which keys are outdated, and drop the indexes of the former ones."""
    dialect = op.get_context().dialect.name
    with op.batch_alter_table("crm_rekey") as batch_op:
        batch_op.alter_column("narrower", new_column_name="outdated", existing_type=sa.Boolean())
    op.execute("DELETE FROM crm_rekey")
    live = "WHERE crm_revision.number = (SELECT max(number) FROM crm_revision)"
    op.execute(
        "INSERT INTO crm_rekey (entity_uid, revision, after, outdated) "  # noqa: S608 - names of our own columns
        f"SELECT found.uid, 0, 0, {'true' if dialect == 'postgresql' else 1} "
        f"FROM ({ENTITIES[dialect]} {live}) AS found"
    )
    if dialect == "postgresql":
        op.execute(FORMER_INDEXES)
