"""The pages where admins shape entities, fields and layouts, and publish what they drafted."""
