"""Rules that run by themselves: when something happens or is due, if conditions hold, then actions."""
