"""Coverage: what Verilator counts in each test of the block benches, merged without losing which test reached what."""
