"""The documents of a schema: what they may say, how they are read, and how names in them are found."""
