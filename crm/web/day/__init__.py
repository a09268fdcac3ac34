"""The day of a person: what is to be done, the calendar of all that is theirs, and what moves it."""
