"""A month's figures on paper and in a spreadsheet: the same figures as on the screen."""
