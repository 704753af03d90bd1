"""Announcements from the operators to everybody."""
