"""Users, roles, passwords."""
