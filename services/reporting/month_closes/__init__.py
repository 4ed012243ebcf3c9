"""A month is closed: cut, submitted by townships, accepted by the county, signed by the director."""
