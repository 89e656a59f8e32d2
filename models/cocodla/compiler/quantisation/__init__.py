"""From real numbers to integers: ranges of calibration data, scales, and the integers of each kind of layer."""
