"""One store for a client to connect to: hansom-store, or redis-server as the control.

    with server.Server("--requirepass", "secret") as s:
        redis.Redis(port=s.port, password="secret").ping()

HANSOM_CLIENTS_SERVER names the program; both take the same flags. With HANSOM_MODULE redis-server loads
the families as a module. It listens on a free port of loopback and on a Unix socket, keeps a durable log in a folder of its own (so that kill() loses
nothing), and is ended by its own process id.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time

PROGRAM = os.environ.get("HANSOM_CLIENTS_SERVER", "redis-server")
MODULE = os.environ.get("HANSOM_MODULE")
# Under sanitizers everything takes its time.
PATIENCE_S = 30


def until(condition, what="a condition", seconds=PATIENCE_S):
    """Polls until condition() gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.01)


class Server:
    def __init__(self, *flags, preexec_fn=None):
        self.flags = (*flags, *(("--loadmodule", MODULE) if MODULE else ()))
        self.preexec_fn = preexec_fn
        self.dir = tempfile.mkdtemp(prefix="hansom-clients-")
        self.path = os.path.join(self.dir, "s")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = None
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        with open(os.path.join(self.dir, "out"), "a") as out:
            self.process = subprocess.Popen(
                [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", self.path,
                 "--dir", self.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
                 *self.flags], stdout=out, stderr=out, preexec_fn=self.preexec_fn)
        until(self.answers, "the store")

    def answers(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.dir, "out")) as f:
                raise AssertionError("the store has ended: " + f.read()[-2000:])
        words = []
        if "--requirepass" in self.flags:
            words = ["AUTH " + self.flags[self.flags.index("--requirepass") + 1]]
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
                s.sendall("\r\n".join(words + ["PING", "QUIT", ""]).encode())
                # While it loads its log it says LOADING.
                return b"+PONG" in s.makefile("rb").read()
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            ended = self.process.wait(PATIENCE_S)
            # A sanitizer's finding at exit is a failure of the test that provoked it.
            if ended != 0:
                with open(os.path.join(self.dir, "out")) as f:
                    raise AssertionError("the store ended with %d: %s" % (ended, f.read()[-4000:]))
        shutil.rmtree(self.dir, ignore_errors=True)
