"""Two-way referral: up with priority, down to the team, each answered by the other end."""
