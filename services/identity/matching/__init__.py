"""Who is this? Pure comparison of what is said of a person with the persons of the roster."""
