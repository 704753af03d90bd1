"""Tasks that operators start, and jobs that run by the clock."""
