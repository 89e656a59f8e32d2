#!/usr/bin/env python3
"""Generate Verilog register files, the Python map and the reference page from rtl/registers/nv_small.rdl.

Usage: generate_registers.py [--check]. With --check nothing is written; the exit status is 1 when a committed file
differs from a fresh generation.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "models"))


def main() -> int:
    from cocodla.errors import UserError
    from cocodla.registers.codegen import generate, stale

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    arguments = parser.parse_args()
    try:
        files = generate(ROOT)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.check:
        differing = stale(ROOT, files)
        for path in differing:
            print(f"{path}: not what scripts/generate_registers.py makes", file=sys.stderr)
        return 1 if differing else 0
    for name, text in files.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
