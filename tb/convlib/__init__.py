"""What the benches of the convolution units share: random layers, their registers, a model of the fetch."""
