"""The demonstration county: made-up people, visits and contracts, the same for the same seed.

``county`` and its neighbours are pure; ``load`` and ``traffic`` feed a running Yizhan through its
HTTP interface, as a hospital, a poverty office and a township would.
"""
