"""Earlier recognitions told anew, when what is now known changes what was answered."""
