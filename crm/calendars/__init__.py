"""Business calendars: when an organisation, or the one of a customer, works."""
