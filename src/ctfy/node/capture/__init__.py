"""Relays between players and instances, and the recording of what passes through them."""
