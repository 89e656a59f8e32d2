"""Handshakes out of waveforms: what each valid/ready interface of a dump did, and whom everybody waited for.

dump -> clock -> runs -> statistics, violations, latency, against, cause
interfaces (described) and patterns (found by name) say which signals belong together; analysis joins all.
"""
