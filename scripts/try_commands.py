"""Run the commands of README.md and docs/tutorial.md as they stand there.

python scripts/try_commands.py             all that can be run: about an hour
python scripts/try_commands.py --quick     those that tests/test_commands.py runs: a minute
python scripts/try_commands.py TEXT ...    those with one of these texts in them

They run in a folder that stands for a checkout of the user's, with the files of the user's that the pages name beside
it; the foreign traces come from ../shared.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import draw_tutorial

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/tutorial.md")
COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:make|cocodla|pip|python)(?: |$)")
QUICK, SLOW = "quick", "slow"

COMMANDS = {
    "make lenet": SLOW,
    "make test": "is what runs this",
    "pip install .": "tests/system/test_wheel.py installs the wheel",
    "cocodla lenet": SLOW,
    "cocodla --version": QUICK,
    "make lenet SIM=icarus IMAGES=1": SLOW,
    "make": QUICK,
    "make lint": SLOW,
    "make synth": SLOW,
    "make fpga": "takes most of an hour: docs/fpga.md",
    "make constraints": "takes the newest packages and writes them down",
    "make nets": SLOW,
    "make fuzz": SLOW,
    "make formal": SLOW,
    "make regress": SLOW,
    "make crossings": SLOW,
    "make memories": SLOW,
    "make mutate BLOCK=glb": SLOW,
    "make sim BLOCK=glb COVERAGE=1": SLOW,
    "make lenet SHELL=axi": SLOW,
    "make lenet MEMORY=ddr3_1066_x32": SLOW,
    "make sim": QUICK,
    "make sim BLOCK=pdp LIST=1": QUICK,
    "make sim BLOCK=sdp WAVES=1": SLOW,
    "make sim BLOCK=pdp": SLOW,
    "make sim BLOCK=sdp LIST=1": QUICK,
    "make sim BLOCK=pdp TEST=max": QUICK,
    "make sim BLOCK=pdp TEST=max WAVES=1": SLOW,
    "make lenet WAVES=1 IMAGES=1": SLOW,
    "make lenet IMAGES=2 SEED=1 WAVES=1": SLOW,
    "make sim BLOCK=mcif TEST=test_random SEED=1 WAVES=1": SLOW,
    **{f"cocodla {shlex.join(words)}": "tests/waves/test_tutorial_pictures.py" for words in draw_tutorial.commands()},
    "make lenet IMAGES=2": SLOW,
    "DUT_FILELIST=other/files.f make lenet": SLOW,
    "make traces TRACES=../shared/traces/nv_small": SLOW,
    "make traces TRACES=../shared/traces/nv_small/sdp_8x8x32_bypass_int8_0": SLOW,
    "make traces TRACES=../shared/traces/nv_small/pdp_8x8x64_2x2_ave_int8_0": SLOW,
    "make traces TRACES=some/dir ONLY=sdp SIM=icarus JOBS=4": SLOW,
    "make traces TRACES=some/dir SIM=icarus MAXCYCLES=60000": SLOW,
    "make traces TRACES=some/dir/pdp_x/pdp_x.cfg WAVES=1": SLOW,
    "make traces TRACES=../shared/traces/official_lenet": SLOW,
    "make traces TRACES=driver.txn IMAGE=weights/memory.txt EXPECT=scores.txt": SLOW,
    "make traces TRACES=some/dir DUT_FILELIST=my_soc/nvdla.f": SLOW,
    "make random DUT_FILELIST=my_soc/nvdla.f AVOID=public": SLOW,
    "make lenet  DUT_FILELIST=my_soc/nvdla.f": SLOW,
    "make sim BLOCK=registers DUT_FILELIST=my_soc/nvdla.f": SLOW,
    'make random DUT_PARAMETERS="ACC_DEPTH=32 SDP_LANES=4"': SLOW,
    "make bench  DUT_PARAMETERS=CDP_LANES=2 ONLY=cdp": SLOW,
    "make synth  DUT_PARAMETERS=SDP_LANES=1 ONLY=sdp": SLOW,
}
"""Each command of the pages: quick, slow, or why it is not run."""


def commands(text: str) -> list[str]:
    """The commands of a page: every line of a code block that is one, and every `make ...` in its text."""
    found = []
    for line in text.splitlines():
        if line.startswith("    "):
            words = re.sub(r"\s+#.*", "", line.strip()).removeprefix("$ ")
            found += [words] if COMMAND.match(words) else []
        else:
            spans = [span for span in re.findall(r"`([^`]+)`", line) if COMMAND.match(span)]
            found += [span for span in spans if re.search(r"\bmake\b", span) and "..." not in span]
    return list(dict.fromkeys(found))


def documented() -> list[str]:
    """All commands of the pages."""
    return list(dict.fromkeys(item for page in PAGES for item in commands((ROOT / page).read_text(encoding="utf-8"))))


def make_checkout(folder: Path) -> Path:
    """A checkout in `folder` that is this one, with an environment that is this one's, and the user's files around."""
    checkout = folder / "checkout"
    checkout.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in (".git", ".venv", "scripts"):
            (checkout / entry.name).symlink_to(entry)
    shutil.copytree(ROOT / "scripts", checkout / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (checkout / ".venv").mkdir()
    for entry in (ROOT / ".venv").iterdir():
        if entry.name != ".bootstrap-stamp":
            (checkout / ".venv" / entry.name).symlink_to(entry)
    stamp = [shutil.which("python3") or sys.executable, "-c", "import bootstrap; print(bootstrap.digest(), end='')"]
    digest = subprocess.run(stamp, cwd=checkout / "scripts", capture_output=True, text=True, check=True).stdout
    (checkout / ".venv" / ".bootstrap-stamp").write_text(digest)
    for name in ("other/files.f", "my_soc/nvdla.f"):
        (checkout / name).parent.mkdir()
        (checkout / name).write_text(f"-f {ROOT}/rtl/files.f\n")
    shared = Path(os.environ.get("COCODLA_SHARED") or ROOT.parent / "shared")
    if shared.is_dir():
        _bring(shared, folder, checkout)
    return checkout


def _bring(shared: Path, folder: Path, checkout: Path) -> None:
    """Traces of others, where the pages say they are."""
    (folder / "shared").symlink_to(shared)
    public, log = shared / "traces" / "nv_small", shared / "traces" / "official_lenet"
    user, name = checkout / "some" / "dir", "sdp_1x1x8_pass_through_int8_0"
    shutil.copytree(public / name, user / name)
    trace = user / "pdp_x"
    shutil.copytree(public / "pdp_1x1x1_3x3_ave_int8_0", trace)
    trace.chmod(0o755)
    (trace / "pdp_1x1x1_3x3_ave_int8_0.cfg").rename(trace / "pdp_x.cfg")
    shutil.copytree(log, checkout / "weights")
    shutil.copy(log / "lenet.txn", checkout / "driver.txn")
    shutil.copy(log / "expected_output.txt", checkout / "scores.txt")


def run(command: str, checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a shell of the user's would, with the programs of the environment on the path."""
    env = {name: text for name, text in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    env["PATH"] = f"{checkout / '.venv' / 'bin'}:{env['PATH']}"
    return subprocess.run(
        command, shell=True, cwd=checkout, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def main() -> None:
    words = sys.argv[1:]
    wanted = [item for item, how in COMMANDS.items() if how == QUICK or (how == SLOW and words != ["--quick"])]
    if words and words != ["--quick"]:
        wanted = [item for item in wanted if any(word in item for word in words)]
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        checkout = make_checkout(Path(folder))
        for command in wanted:
            start = time.monotonic()
            done = run(command, checkout)
            print(f"{done.returncode}  {time.monotonic() - start:6.1f} s  {command}", flush=True)
            if done.returncode:
                failed.append(command)
                print(done.stdout[-2000:], flush=True)
    sys.exit(f"{len(failed)} failed" if failed else 0)


if __name__ == "__main__":
    main()
