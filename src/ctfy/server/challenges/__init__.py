"""Challenges as the platform shows them."""
