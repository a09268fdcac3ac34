"""Bulk changes: one deed on many records, worked off as a job that can be stopped, gone on with, and undone."""
