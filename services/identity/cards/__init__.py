"""Electronic health cards: issued to registered persons, verified offline, revocable."""
