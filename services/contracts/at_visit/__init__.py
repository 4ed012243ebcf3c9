"""What is due for a patient who is at the hospital's window just now, in a few short lines."""
