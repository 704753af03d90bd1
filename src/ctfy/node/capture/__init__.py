"""What goes over the wire between players and instances, as the node relays it."""
