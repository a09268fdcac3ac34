"""What we keep about customers, and how people see it."""
