"""Many patients at once, after the fact: a list of visits in, the same list with grades out."""
