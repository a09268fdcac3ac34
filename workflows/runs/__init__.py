"""Rules at work: which ones fire, their runs and steps, and what is tried again after a fault."""
