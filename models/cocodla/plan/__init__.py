"""Testplans: what each block bench proves, by which tests, measured by which coverage, and how that last went."""
