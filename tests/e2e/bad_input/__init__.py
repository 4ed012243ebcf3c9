"""Bad input on the running product: a clear error each time, and nothing half-written.

Goal: whatever a hospital or an office sends, it learns which field is wrong and how to cure it, in
both languages; nobody's data stands in the answer; no table grows; the process never says 500.
Method: one process for the whole folder. Around each bad request every table of the four databases
is counted, and at the end the event feeds are read and the logs searched for what was sent.
"""
