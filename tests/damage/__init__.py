"""Damaged files of all kinds, made on the fly, and what must come of them: one clear line, or a right result."""
