"""Who is this patient, and what is he entitled to today?

Owns: the registry of persons (identifiers encrypted, found by keyed blind indexes), their
memberships in person categories with the days on which they held and the moment we learned it,
roster imports (validated, compared, applied all or nothing), every recognition at a window, the
reviews of doubtful ones, merges of persons, and electronic health cards.

Publishes: ``person.entered / .changed / .left / .merged / .unmerged``, ``roster.applied``,
``recognition.made / .revised``, ``card.issued / .revoked``.
Consumes: nothing yet; identity is the head of the flow.
"""
