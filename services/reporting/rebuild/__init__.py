"""Making every projection again from the event stores of the other services."""
