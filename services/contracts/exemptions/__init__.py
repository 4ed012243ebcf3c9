"""Why a registered person is not under contract: dated, evidenced, expiring."""
