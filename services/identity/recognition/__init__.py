"""Recognition of a patient at a visit: who he is, how sure we are, what he is entitled to."""
