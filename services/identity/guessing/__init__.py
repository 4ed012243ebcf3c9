"""Whoever asks in order to find out who is registered: slowed down, counted, and told to an operator."""
