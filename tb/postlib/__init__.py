"""What the benches of the post-processing units (SDP, PDP, CDP) share: a driver and checks, and places in memory."""

from postlib.bench import IDLE, PENDING, RUNNING, PostBench
from postlib.checks import check_reads, check_writes
from postlib.space import Space

__all__ = ["IDLE", "PENDING", "RUNNING", "PostBench", "Space", "check_reads", "check_writes"]
