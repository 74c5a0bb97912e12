"""Values that the parts of the gateway hand to each other."""
