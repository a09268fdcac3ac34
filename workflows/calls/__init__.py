"""Calls to other systems: whom rules may call, the outbox, and the calls themselves."""
