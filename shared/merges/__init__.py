"""How a reader of ``identity.person.merged`` and ``.unmerged`` follows who stands for whom.

Part of the published event language: the events of different kept persons may overtake each
other, and every reader must come to the same end. The rule is pure, the store keeps what was told.
"""
