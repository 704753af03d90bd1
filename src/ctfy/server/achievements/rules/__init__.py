"""The achievements, a file each: a new file here is a new achievement."""
