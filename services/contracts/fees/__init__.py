"""What a team has earned: contracts that were served, check-ups; each paid once."""
