"""Referrals as contracts tells them: whether a visit came by one."""
