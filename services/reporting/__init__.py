"""Reporting: what do the county's figures say, live and at month close?

Owns projections of what the other services told: who is on the registry, who was recognised,
which visits there were, who paid for them, who is contracted, which tasks are open. Every such row
can be thrown away and made again from the event stores. Owns for good the months that were closed,
the register, and figures that were entered because no service can tell them.
Consumes every event of identity, claims and contracts; publishes months closed and
reopened, and late items of the register.
"""
