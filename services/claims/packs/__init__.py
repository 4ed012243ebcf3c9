"""Packs: the policy content by which bills are split, as this host has it."""
