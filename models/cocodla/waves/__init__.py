"""Handshakes out of waveforms: what each valid/ready interface of a dump did, and whom everybody waited for; files for
viewers (viewer) and timing diagrams (picture) of the same interfaces.

dump -> clock -> runs -> statistics, violations, latency, against, cause
interfaces (described) and patterns (found by name) say which signals belong together; analysis joins all.
texts names values; declared has the names that viewers know signals by.
"""
