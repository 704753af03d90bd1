"""The platform: API, jobs, events and everything they stand on."""
