"""The processes of `make run`: who starts, watches and ends them, and what the first one prepares."""
