"""One regression: a plan of suites, shared out over hosts, its results in one file that outlives any of them."""
