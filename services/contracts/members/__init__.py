"""Who is in a team, what a contract promises, and the card that tells a household of both."""
