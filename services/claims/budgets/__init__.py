"""Global budget of a medical community (医共体): agreement, advances, attribution, year's end."""
