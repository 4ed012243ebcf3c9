"""What family-doctor teams are owed by the special fund, as contracts tells it (XB-21, XB-23)."""
