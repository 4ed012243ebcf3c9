"""Ledger: double entry for every settlement and reversal; immutable, always in balance."""
