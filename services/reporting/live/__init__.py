"""Figures that move: server-sent events after each committed change."""
