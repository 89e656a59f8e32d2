"""Channel pruning: which channels a float network can do without, and what that saves on the accelerator."""
