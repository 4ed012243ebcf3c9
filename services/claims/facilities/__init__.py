"""Facilities: the institutions of the region's pack."""
