"""E-mail: written into the outbox with the step that sends it, delivered once afterwards."""
