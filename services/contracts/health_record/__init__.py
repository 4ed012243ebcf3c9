"""The five information groups that are kept of each poor person (XB-44), put together."""
