"""The county's contract programme as data: terms, exempt reasons, disease lists, roles, packages."""
