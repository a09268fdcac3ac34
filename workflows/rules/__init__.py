"""Rules as documents declare them: how they are checked, built, described and scheduled."""
