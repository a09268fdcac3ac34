"""The wizard of imports."""
