"""Who may do what: roles and their rights, the guard on every query, and the reasons behind an answer."""
