"""What every part shares: the version and its check, and the errors with their envelope."""
