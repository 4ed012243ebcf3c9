"""Who did not come when he was due, what a call to him ended in, and whether he came after it."""
