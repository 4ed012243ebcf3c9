"""What if: a period's visits replayed under another pack or other values, beside what was."""
