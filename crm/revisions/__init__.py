"""How declarations go live: numbered revisions, their tables, what a publish would do, what is taken back."""
