"""Approvals: who is asked, what they say, and what became of it."""
