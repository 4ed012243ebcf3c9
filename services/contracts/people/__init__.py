"""Who is on the registry and where he lives, as identity tells it."""
