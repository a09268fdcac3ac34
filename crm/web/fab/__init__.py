"""Flask-AppBuilder made ours: its views, users, permissions, passwords and texts."""
