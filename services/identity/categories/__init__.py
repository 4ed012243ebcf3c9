"""Person categories: codes, words, and the days on which they hold."""
