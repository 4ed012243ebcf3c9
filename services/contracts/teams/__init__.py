"""Family-doctor teams: one per township hospital of the region's pack, one for the county."""
