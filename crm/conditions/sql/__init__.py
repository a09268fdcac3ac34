"""A tree compiled to SQL for SQLite and PostgreSQL."""
