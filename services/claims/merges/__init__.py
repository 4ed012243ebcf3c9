"""Merged persons: for whom an absorbed person's visits settle, and whose year his standing is."""
