"""Figures of a time before the system, as documents give them; shown, never mixed with its own."""
