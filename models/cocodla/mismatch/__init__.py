"""What a run on the RTL got wrong: where, in which pattern, which unit first, and how the value should have come about.

layers (golden model) + boundaries (waveform) -> writes -> blame -> study
patterns and explain need neither of the two. report.mismatch shows a Finding.
"""
