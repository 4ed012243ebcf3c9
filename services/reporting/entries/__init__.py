"""Figures that no service can tell: entered with evidence by whoever owns them, and confirmed."""
