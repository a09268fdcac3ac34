"""How the app is served: one app per revision, its requests, sessions, headers, errors and health."""
