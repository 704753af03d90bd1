"""The worker agent: runs instances, and nothing else."""
