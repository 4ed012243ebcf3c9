"""Merged persons: whose tasks and contracts are whose."""
