"""Register tests that need only a host (read and write of addresses) and the register map; see checks.py."""

from reglib.board import ApbHost, Board, Host, expect_register
from reglib.model import GLB_PRESENT, RegisterModel

__all__ = ["GLB_PRESENT", "ApbHost", "Board", "Host", "RegisterModel", "expect_register"]
