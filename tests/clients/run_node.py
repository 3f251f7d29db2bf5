#!/usr/bin/env python3
"""Runs a client test under Node, with the pinned packages installed in a folder of the build.

    run_node.py FOLDER TEST.mjs

The packages are those of package-lock.json beside this file. They are installed once and again
when the lock changes; after that no network is needed. Without Node 18 or newer, without npm, or
when the registry does not answer, the exit status is 77 (skipped) and the reason is printed.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
# npm's own words for "nobody answers"; everything else that it complains about is a failure.
NO_ANSWER = re.compile(r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|"
                       r"EHOSTUNREACH|ENETDOWN|ERR_SOCKET_TIMEOUT|ENOTCACHED|E5[0-9][0-9]|"
                       r"UNABLE_TO_[A-Z_]+|CERT_[A-Z_]+|[A-Z_]*SELF_SIGNED[A-Z_]*)\b")


def skip(reason):
    print("SKIPPED: " + reason)
    sys.exit(SKIPPED)


def read(name):
    with open(name, "rb") as f:
        return f.read()


def install(folder):
    packages = [os.path.join(HERE, name) for name in ("package.json", "package-lock.json")]
    want = hashlib.sha256(b"".join(read(name) for name in packages)).hexdigest().encode()
    done = os.path.join(folder, "installed")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(done) and read(done) == want:
            return
        if shutil.which("npm") is None:
            skip("npm is not installed (scripts/install-packages --tests)")
        for name in packages:
            shutil.copy(name, folder)
        npm = ["npm", "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund",
               "--fetch-retries=1", "--fetch-timeout=60000"]
        got = subprocess.run(npm, capture_output=True, text=True, cwd=folder)
        if got.returncode != 0:
            said = got.stdout + got.stderr
            if NO_ANSWER.search(said):
                skip("the npm registry does not answer:\n" + said)
            sys.exit("npm ci failed:\n" + said)
        with open(done, "wb") as f:
            f.write(want)


def main():
    folder, test = sys.argv[1:]
    node = shutil.which("node")
    if node is None:
        skip("node is not installed (scripts/install-packages --tests)")
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    if tuple(int(n) for n in re.findall(r"\d+", version)[:2]) < (18, 19):
        skip("these clients need Node 18.19 or newer, here is " + version)
    install(folder)
    print("node " + version, flush=True)
    os.environ["HANSOM_CLIENTS_MODULES"] = folder
    os.execv(node, [node, test])


if __name__ == "__main__":
    main()
