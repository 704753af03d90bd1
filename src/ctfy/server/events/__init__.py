"""Events: what happened, in order, to everybody who may know."""
