"""What is kept of instances that are over."""
