"""What the benches of the post-processing units (SDP, PDP, CDP) share: a driver and checks, and places in memory."""

from postlib.bench import IDLE, PENDING, RUNNING, PostBench, always
from postlib.checks import check_reads, check_writes
from postlib.corners import any_stride, around_ties
from postlib.resets import BLOCKED, reset_while_full
from postlib.space import Space, apart

__all__ = [
    "BLOCKED", "IDLE", "PENDING", "RUNNING", "PostBench", "Space", "always", "any_stride", "apart", "around_ties",
    "check_reads", "check_writes", "reset_while_full",
]  # fmt: skip
