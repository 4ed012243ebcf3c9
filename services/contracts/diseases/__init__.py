"""The disease register: found, managed by a plan of his own, cured and closed."""
