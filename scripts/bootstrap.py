"""Make the project ready to run: a virtual environment with the package, and the system tools around it.

Called by the Makefile before every target; needs nothing but Python 3.10. When nothing has changed it returns
within a tenth of a second. System packages are installed where that is possible without a question (root or
password-less sudo on a Debian-like system); otherwise the one command to run is printed, and what works goes on.

Packages get the versions of constraints/, those the tests passed with last: a file for each Python from which on they
hold. UNPINNED=1 takes the newest. VENV names the virtual environment (.venv), COCODLA_BUILD the folder of the log
(build).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints"
OLDEST = (3, 10)
PINNED = os.environ.get("UNPINNED", "") in ("", "0")
VENV = ROOT / os.environ.get("VENV", ".venv")
STAMP = VENV / ".bootstrap-stamp"
LOG = ROOT / (os.environ.get("COCODLA_BUILD") or "build") / "bootstrap.log"

# program or header -> (Debian package, what is lost without it)
TOOLS = {
    "g++": ("g++", "no simulation: Verilator compiles its models with it"),
    "ccache": ("ccache", "rebuilding a simulation takes longer"),
    "iverilog": ("iverilog", "no runs with SIM=icarus"),
    "/usr/include/lz4.h": ("liblz4-dev", "no FST waves under Verilator, VCD only"),
    "/usr/include/zlib.h": ("zlib1g-dev", "no FST waves under Verilator, VCD only"),
}


def fail(message: str) -> None:
    print(f"bootstrap: {message}", file=sys.stderr)
    sys.exit(2)


def run_logged(command: list[str]) -> bool:
    """Run a command with its output in the log; True when it succeeded."""
    with LOG.open("a") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        return subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL).returncode == 0


def privileged() -> list[str] | None:
    """Prefix that runs a command as root without a question, or None."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def present(tool: str) -> bool:
    return Path(tool).exists() if tool.startswith("/") else shutil.which(tool) is not None


def install_packages(packages: list[str]) -> bool:
    """Install Debian packages if this may be done without a question."""
    prefix = privileged()
    if prefix is None or not shutil.which("apt-get"):
        return False
    print(f"bootstrap: installing {' '.join(packages)}", flush=True)
    env = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    run_logged([*env, "update"])
    return run_logged([*env, "install", "-y", "--no-install-recommends", *packages])


def check_tools() -> None:
    missing = [tool for tool in TOOLS if not present(tool)]
    if not missing:
        return
    packages = sorted({TOOLS[tool][0] for tool in missing})
    if install_packages(packages) and all(present(tool) for tool in missing):
        return
    for tool in missing:
        if not present(tool):
            print(f"bootstrap: {TOOLS[tool][0]} is missing: {TOOLS[tool][1]}", file=sys.stderr)
    print(f"bootstrap: to install run: sudo apt-get install -y {' '.join(packages)}", file=sys.stderr)


def make_venv() -> None:
    """Create .venv anew; Debian keeps the module that makes one in a package of its own."""
    shutil.rmtree(VENV, ignore_errors=True)
    command = [sys.executable, "-m", "venv", str(VENV)]
    if run_logged(command):
        return
    if install_packages(["python3-venv"]):
        shutil.rmtree(VENV, ignore_errors=True)
        if run_logged(command):
            return
    fail(f"cannot make {VENV}: run: sudo apt-get install -y python3-venv (details: {LOG})")


def version(text: str) -> tuple[int, ...]:
    """Of a Python, "3.11"."""
    return tuple(int(number) for number in text.split("."))


def constraints(python: tuple[int, ...]) -> Path:
    """The file for a Python: that of the newest one which is not newer."""
    fitting = [path for path in CONSTRAINTS.glob("*.txt") if version(path.stem) <= python]
    return max(fitting, key=lambda path: version(path.stem))


def digest() -> str:
    """What the environment is made from, in short."""
    pins = constraints(sys.version_info[:2]).read_bytes() if PINNED else b""
    recipe = (ROOT / "pyproject.toml").read_bytes() + pins + sys.version.encode() + str(ROOT).encode()
    return hashlib.sha256(recipe).hexdigest()


def check_venv() -> None:
    wanted = digest()
    if STAMP.exists() and STAMP.read_text() == wanted and (VENV / "bin" / "python").exists():
        return
    print(f"bootstrap: making {VENV.name} (once, a minute or two)", flush=True)
    make_venv()
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    pins = ["-c", str(constraints(sys.version_info[:2]))] if PINNED else []
    if not run_logged([*pip, *pins, "-e", f"{ROOT}[dev]"]):
        shutil.rmtree(VENV, ignore_errors=True)
        fail(f"pip could not install the package (details: {LOG})")
    STAMP.write_text(wanted)


def main() -> None:
    if sys.version_info < OLDEST:
        fail(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}")
    if VENV == ROOT:
        fail(f"{ROOT} cannot be written to: name a folder for everything generated, BUILD=dir")
    try:
        LOG.parent.mkdir(parents=True, exist_ok=True)
        check_tools()
        check_venv()
    except KeyboardInterrupt:
        fail("interrupted")
    except OSError as error:
        fail(str(error))


if __name__ == "__main__":
    main()
