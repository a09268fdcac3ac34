"""What every form shares: the fields it draws, its files, and that it is sent only once."""
