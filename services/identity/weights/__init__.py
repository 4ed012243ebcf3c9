"""The matcher's weights: learned from the register after each roster, kept by version."""
