"""After the hospital: tasks that a discharge opens, the worklist, the follow-ups themselves."""
