"""The citizen identity number (GB 11643-1999) as structure."""
