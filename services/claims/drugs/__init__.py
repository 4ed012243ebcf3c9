"""Free drugs of the four chronic diseases: what the special fund pays of a dispensing (XB-25)."""
