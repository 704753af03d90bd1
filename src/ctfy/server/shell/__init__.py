"""A shell in an instance, for super admins."""
