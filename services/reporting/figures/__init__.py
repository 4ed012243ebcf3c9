"""What the rows say: sums over an area and a period, and the shapes they are told in."""
