"""What admins prepare: edited documents that wait to be published together."""
