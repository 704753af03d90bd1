"""Achievements: what teams are honoured for."""
