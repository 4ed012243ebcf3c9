"""The half-year's summary, from months that are signed and from documents before the system."""
