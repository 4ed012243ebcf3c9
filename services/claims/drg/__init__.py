"""The DRG pilot of named hospitals: a case's price by its group, beside what its items came to."""
