"""How a bill is split among all its payers, and that split made real once."""
