"""Boxes of YOLOv2-style detectors: what the numbers mean, how like two sets of boxes are, pictures of them."""
