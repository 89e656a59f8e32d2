"""What benches of blocks and of the convolution core share to show wrong cubes."""
