"""Try all damaged files that tests/damage makes: .venv/bin/python scripts/damage.py [networks] [traces] [pictures] ...

DAMAGE_SEED=2 before it: other random changes.
Each must end in one line or a result, within 10 s and 1 GB. Prints a tally for each kind; status 1 if one did not.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from damage.trial import SEED, in_processes  # noqa: E402

from damage import kinds  # noqa: E402


def main() -> int:
    chosen = sys.argv[1:] or list(kinds.ALL)
    failed = False
    print(f"seed {SEED}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for kind in chosen:
            for sample in kinds.ALL[kind](Path(name)):
                tally = in_processes(sample.damages, sample.read, Path(name), sample.suffix)
                print(f"{kind}, {sample.name}: {tally}", flush=True)
                print("".join(f"  {line}\n" for line in tally.unfit), end="", flush=True)
                failed = failed or not tally.good
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
