"""Standings: who leads, computed once per change and served as bytes."""
