"""Indicators: a catalogue as data, evaluated from sums, with the records behind each."""
