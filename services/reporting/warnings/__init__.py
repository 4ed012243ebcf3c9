"""Early warning: households whose own payments of a year may push them back into poverty."""
