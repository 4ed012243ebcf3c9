"""Doubtful recognitions laid before a person, and what the word of a person changes."""
