"""Things that operators should look at."""
