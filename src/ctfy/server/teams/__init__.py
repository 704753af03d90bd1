"""Teams: who plays together in which competition."""
