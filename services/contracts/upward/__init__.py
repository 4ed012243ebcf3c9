"""Reports to the institution above of persons whom a team did not meet."""
