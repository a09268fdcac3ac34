"""Saved sets of conditions that select records of one entity."""
