"""What the benches of the post-processing units (SDP, PDP, CDP) share: a driver and checks, and places in memory."""

from postlib.bench import IDLE, PENDING, RUNNING, PostBench, compare
from postlib.space import Space

__all__ = ["IDLE", "PENDING", "RUNNING", "PostBench", "Space", "compare"]
