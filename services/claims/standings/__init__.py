"""Standings: what a person's year holds per benefit, so that caps hold over every visit."""
