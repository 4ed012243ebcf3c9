"""Claims: what does each fund pay for this visit, and was it paid?

Owns: encounters (visits) and their charges, settlements and their reversals, yearly standings of
persons, and the double-entry ledger; and a small projection of the registry (``members``,
``person_merges``).
Publishes: ``claims.encounter.opened|discharged``, ``claims.settlement.made|reversed``.
Consumes: ``identity.recognition.made|revised`` (opens the encounter, corrects it),
``identity.person.entered|changed|left`` (who belongs to which category, and where home is),
``identity.person.merged|unmerged`` (whose visits count against one year).
"""
