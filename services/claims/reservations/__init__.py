"""Reservations: room under yearly caps, kept for a patient who is treated first and pays later."""
