"""What reporting's screens share: frame, words, styles."""
