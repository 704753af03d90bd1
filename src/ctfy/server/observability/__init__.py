"""The platform at a glance, and for machines that watch it."""
