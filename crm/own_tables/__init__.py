"""Our own tables (`crm_…`) from release to release: their versions, and the way from one to the next.

`versions/` holds one file per version, an Alembic migration; the highest number is what the code wants. The tables of
entities are no part of it: publishing makes them.
"""
