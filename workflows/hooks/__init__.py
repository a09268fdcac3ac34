"""Webhooks: signed calls of other systems at `/hooks/<name>`, and the rules they start."""
