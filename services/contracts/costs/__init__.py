"""What registered persons' visits cost and who paid, as claims' settlements tell it."""
