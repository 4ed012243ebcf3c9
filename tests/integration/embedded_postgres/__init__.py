"""The embedded PostgreSQL, as whoever runs the tests: root (dropping privileges) or a user.

What differs between the two is asserted by effective uid, so that each run proves its own half.
"""
