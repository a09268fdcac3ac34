"""The pages of roles: rights, why somebody sees something, looking through a role's eyes."""
