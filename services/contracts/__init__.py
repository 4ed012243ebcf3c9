"""Contracts: who looks after a person at home, and was it done?

Owns family-doctor teams (read from the region's pack), contracts, follow-up tasks and the
follow-ups themselves. Publishes contract.signed / .ended, task.opened / .closed and
follow_up.recorded. Consumes identity's person events (who lives where, who is one
person with whom) and claims' encounter.discharged (who came home).
"""
