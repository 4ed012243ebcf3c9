"""Funds: where each one's money may come from and go to, what it holds and how long that lasts."""
