"""Proposals: room that came free under a cap is offered to the bills that the cap had cut."""
