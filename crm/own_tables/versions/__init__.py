"""The versions of our own tables, one migration per file; never change one that was released."""
