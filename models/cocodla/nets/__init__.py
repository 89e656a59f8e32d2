"""Networks that prove the compiler: built, borrowed or random; how each is checked from float to RTL."""
