"""The balance sheet: registry = signed + each exempt reason + unresolved, per village and day."""
