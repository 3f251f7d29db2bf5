"""hosts: redis-server, or what HANSOM_MODULE_HOST names (a valkey-server), with hansom-module.so."""
import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))

from families_kept import redis

PROGRAM = os.environ.get("HANSOM_MODULE_HOST", "redis-server")
running = []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, module, folder, *flags):
        os.makedirs(folder, exist_ok=True)
        self.port = free_port()
        self.log = os.path.join(folder, "log.txt")
        self.process = subprocess.Popen(
            [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder,
             "--logfile", self.log, "--enable-debug-command", "yes", "--enable-module-command",
             "yes", "--loadmodule", module, *flags], stdout=subprocess.DEVNULL)
        running.append(self.process)
        self.client = redis.Redis(port=self.port)
        until(self.answers, "a server: " + self.tail())

    def tail(self):
        return open(self.log).read()[-2000:] if os.path.exists(self.log) else ""

    def answers(self):
        try:
            return self.client.ping()
        except redis.RedisError:
            return self.process.poll() is not None and sys.exit("it ended: " + self.tail())

    def end(self, how=signal.SIGTERM):
        self.client.close()
        self.process.send_signal(how)
        self.process.wait(30)


def until(condition, what):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            sys.exit("waited in vain for " + what)


def equal(what, wanted, found):
    if wanted != found:
        sys.exit("%s: %r, not %r" % (what, found, wanted))


def play(test):
    """Runs test(module, folder) and ends all servers it left."""
    args = argparse.ArgumentParser()
    args.add_argument("--module", required=True)
    options = args.parse_args()
    if shutil.which(PROGRAM) is None:
        print("skipped: %s is not there" % PROGRAM)
        sys.exit(77)
    folder = tempfile.mkdtemp(prefix="hansom-module-")
    try:
        test(os.path.abspath(options.module), folder)
    finally:
        for process in running:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
