"""Nodes: the workers that instances run on."""
