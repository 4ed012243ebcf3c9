"""Mechanics and the published event language, shared by every service.

Nothing here knows a claim, a patient or a contract; the test for a file is
"could a different product use it?".  ``shared.events.catalog`` is the agreed exception.
"""
