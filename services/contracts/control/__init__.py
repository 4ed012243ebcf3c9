"""Of those who are looked after for a disease, how many are controlled, and what was missed."""
