"""Settings that operators change while the platform runs."""
