"""Who is followed up in which programme, and the tasks that the rulebook asks for."""
