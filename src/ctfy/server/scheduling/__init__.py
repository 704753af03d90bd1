"""The states of an instance, and which node it gets."""
