"""Accounts: people, passwords, tokens."""
