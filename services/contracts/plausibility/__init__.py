"""Which recorded follow-ups are hard to believe: questions with evidence, decided by people."""
