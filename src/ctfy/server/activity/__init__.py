"""The activity log: what happened, for people to read."""
