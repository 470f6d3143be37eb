#!/usr/bin/env python3
"""Rebuild the program and compare it with the committed one.

One line, and exit status 0 for SAME and SKIPPED (the tool chain is absent, or of other versions
than those the committed file was built with), 1 for DIFFERENT or a build that fails.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE / "target/deploy/choir.so"
COMMITTED = HERE / "../../choir_model/program/choir.so"
RECORDED = HERE / "../../choir_model/program/choir.so.sha256"
SBF_HOME = Path(os.environ.get("SBF_HOME", "/opt/sbf"))
LINKER = SBF_HOME / "bin/sbpf-linker"
LIBRARY = SBF_HOME / "sid/usr/lib/x86_64-linux-gnu/libLLVM.so.23.1"

VERSIONS = {
    "rustc-web": "1.96.0+dfsg1-1~deb12u2",
    "rust-web-src": "1.96.0+dfsg1-1~deb12u2",
    "sbpf-linker": "sbpf-linker 0.2.6 LLVM 23.1.4",
    "libLLVM.so.23.1": "f84a1fc3c864d5ef75d7f34b4f497429a865c4b3e640ef006c882cb2b95558d0",
}


def output(*command):
    """What a command prints, or an empty text when it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def installed():
    """The versions on this machine, or None where a part is absent."""
    if not LINKER.exists() or not LIBRARY.exists():
        return None
    packages = ("rustc-web", "rust-web-src")
    found = {name: output("dpkg-query", "-W", "-f=${Version}", name) for name in packages}
    found["sbpf-linker"] = " ".join(output(str(LINKER), "--version").split())
    found["libLLVM.so.23.1"] = sha256(LIBRARY)
    return found if all(found.values()) else None


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    recorded = RECORDED.read_text(encoding="ascii").split()[0]
    if sha256(COMMITTED) != recorded:
        print("DIFFERENT: choir.so is not the file that choir.so.sha256 names")
        return 1
    found = installed()
    if found is None:
        print("SKIPPED: tool chain not present (setup.sh installs it)")
        return 0
    others = [name for name, version in VERSIONS.items() if found[name] != version]
    if others:
        seen = ", ".join(f"{name} {found[name]} instead of {VERSIONS[name]}" for name in others)
        print(f"SKIPPED: other versions ({seen})")
        return 0
    build = subprocess.run(  # noqa: S603
        [HERE / "build.sh"], capture_output=True, text=True, check=False
    )
    if build.returncode != 0:
        print(build.stdout + build.stderr, file=sys.stderr)
        print("DIFFERENT: build.sh failed")
        return 1
    same = sha256(BUILT) == recorded
    print(f"{'SAME' if same else 'DIFFERENT'}: rebuilt {sha256(BUILT)}, committed {recorded}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
