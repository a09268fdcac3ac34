"""A tree evaluated in Python, record by record."""
