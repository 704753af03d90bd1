"""Competitions: what runs when, with which challenges, for whom."""
