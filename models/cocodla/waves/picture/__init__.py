"""Timing diagrams of a dump: request -> traces -> diagram -> svg, png; draw joins all.

scale says where a time is in the picture, shapes what a picture consists of.
"""
