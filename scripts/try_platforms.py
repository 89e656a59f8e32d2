"""Run `make lenet IMAGES=1` on a clean clone of this repository in the circumstances users have.

    python scripts/try_platforms.py [--only text] [--python path]...

Every circumstance is a mount namespace of its own on this machine (Linux, root): nothing outside of a temporary folder
changes. Packages come from the package index; a few minutes each.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import typer

ROOT = Path(__file__).resolve().parent.parent
USER = ("nobody", "nogroup")


@dataclass(frozen=True)
class Platform:
    """One circumstance. folder: name of the clone. python: its interpreter (else python3 of the system).
    ordinary: the user is not root. read_only: so is the clone; BUILD takes everything. hidden: files of /usr that are
    not there.
    """

    name: str
    folder: str = "clone"
    python: str = ""
    ordinary: bool = False
    read_only: bool = False
    hidden: tuple[str, ...] = ()


PLATFORMS = (
    Platform("as it is"),
    Platform("spaces in the path", folder="my own (new) clone"),
    Platform("ordinary user", ordinary=True),
    Platform("read-only checkout", read_only=True),
    Platform("read-only checkout, ordinary user, spaces", folder="their clone", read_only=True, ordinary=True),
    Platform("no ccache, no lz4", ordinary=True, hidden=("bin/ccache", "include/lz4.h")),
)


def script(platform: Platform, clone: Path, folder: Path) -> str:
    """Shell commands that make the circumstance in a new mount namespace, and run the job."""
    lines = ["set -e"]
    if platform.hidden:
        upper = folder / "usr"
        lines += [f"mkdir {upper}", f"mount -t tmpfs none {upper}", f"mkdir {upper}/work"]
        for name in platform.hidden:
            lines += [f"mkdir -p {upper}/top/{Path(name).parent}", f"mknod {upper}/top/{name} c 0 0"]
        lines += [f"mount -t overlay none -o lowerdir=/usr,upperdir={upper}/top,workdir={upper}/work /usr"]
    where = shlex.quote(str(clone))
    if platform.read_only:
        lines += [f"mount --bind {where} {where}", f"mount -o remount,bind,ro {where}"]
    job = ["make", "-C", str(clone), "lenet", "IMAGES=1"]
    if platform.read_only:
        job += [f"BUILD={folder / 'home' / 'all of it'}"]
    if platform.ordinary:
        job = ["setpriv", f"--reuid={USER[0]}", f"--regid={USER[1]}", "--clear-groups", *job]
    return "\n".join([*lines, f"exec {shlex.join(job)}"])


def attempt(platform: Platform, folder: Path) -> tuple[bool, str]:
    """Whether the job passes, and its output."""
    clone, home = folder / platform.folder, folder / "home"
    folder.chmod(0o755)
    home.mkdir()
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    for place in [home] if platform.read_only else [home, clone]:
        if platform.ordinary:
            subprocess.run(["chown", "-R", ":".join(USER), str(place)], check=True)
    path = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    if platform.python:
        path.insert(0, str(Path(platform.python).absolute().parent))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "COCODLA", "MAKE"))}
    env |= {"PATH": os.pathsep.join(path), "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    command = ["unshare", "--mount", "sh", "-c", script(platform, clone, folder)]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0 and "all equal" in done.stdout, done.stdout


def main(
    only: str = typer.Option("", help="text in the name of a circumstance"),
    python: list[Path] = typer.Option([], help="another interpreter to try: a python3 in its bin folder; several"),
) -> None:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise typer.BadParameter("mount namespaces need Linux and root")
    failed = False
    for platform in (*PLATFORMS, *(Platform(str(path), python=str(path)) for path in python)):
        if only not in platform.name:
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            started = time.monotonic()
            passed, output = attempt(platform, Path(folder))
        failed |= not passed
        print(f"{platform.name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - started:.0f} s", flush=True)
        if not passed:
            print(output, flush=True)
    raise typer.Exit(int(failed))


if __name__ == "__main__":
    typer.run(main)
