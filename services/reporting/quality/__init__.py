"""Data quality: what is missing, impossible, double, far off or late."""
