"""Reporting: what do the county's figures say, live and at month close?

Owns nothing but projections of what the other services told: who is on the registry, who was
recognised, which visits there were, who paid for them, who is contracted, which tasks are open.
Every row can be thrown away and made again from the event stores. Consumes every event of
identity, claims and contracts; publishes nothing yet.
"""
