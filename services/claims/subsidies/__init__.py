"""Enrolment subsidies: who pays how much of a person's contribution, by the pack's table."""
