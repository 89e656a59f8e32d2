"""Plant each fault of rtl/*/formal/faults.toml and see that the proof finds it: `try_proofs.py [module ...]`.

Ends with 1 where a fault is not refuted by its rule.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cocodla.errors import UserError
from cocodla.formal.faults import ProofFault, read_faults, try_fault
from cocodla.formal.proofs import find_proofs
from cocodla.formal.run import check_tools


def tried(fault: ProofFault) -> tuple[ProofFault, str]:
    """The fault and what its proof says; "" where it says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome = try_fault(fault, Path(folder))
        except UserError as error:
            return fault, f"error: {error}"
    if outcome.status != "refuted":
        return fault, f"error: {outcome.status} {' '.join(outcome.failures)}"
    return fault, outcome.failures[0]


def main() -> int:
    check_tools()
    wanted = {proof.module for proof in find_proofs(sys.argv[1:])}
    faults = [fault for fault in read_faults() if fault.module in wanted]
    missed = 0
    with ThreadPoolExecutor(2) as pool:
        for fault, text in pool.map(tried, faults):
            lost = text.startswith("error")
            missed += lost
            print(f"{'MISSED' if lost else 'found '} {fault.name}\n       {text}", flush=True)
    print(f"{len(faults) - missed} of {len(faults)} faults found")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(f"try_proofs: {error}")
