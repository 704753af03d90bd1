"""Instances: a private copy of a challenge for one team."""
