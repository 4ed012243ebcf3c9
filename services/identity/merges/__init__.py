"""Two registered persons found to be one: merged without moving anything, and so undone exactly."""
