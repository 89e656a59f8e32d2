"""Random legal layers and programs, the order in which a host enables them, and how failing ones are made small."""
