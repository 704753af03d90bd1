"""Who may: tokens, roles, scopes, rate limits."""
