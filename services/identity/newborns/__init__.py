"""Newborns: answers that hold until a number arrives, or until their time is over."""
