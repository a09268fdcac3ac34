"""Spreadsheets and text files turned into records, in batches that can be checked and undone."""
