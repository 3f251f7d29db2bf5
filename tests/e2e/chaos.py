"""A city under attack: processes killed and stopped, the store restarted, matchers cut off from it.

Two dispatchers and everything else run under `hansom up`, which restarts what dies.
Two matchers more reach the store through a proxy of ours that can hold back or cut what they say:
they go on believing what they believed. hansom-sim asks for rides and judges from outside; then
checkers that share no code with the services read the store's log of events and its state at rest.

    python3 tests/e2e/chaos.py [--seconds N] [--seed N] [--drivers N] [--speedup X] [--out FOLDER]

FOLDER keeps the history: events.jsonl (the outbox), report.json (the simulator's), faults.jsonl
(what was done to whom, when) and the logs.
"""
import argparse
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import check_events  # noqa: E402
import check_rest  # noqa: E402
import kills  # noqa: E402

BIN = os.environ.get("HANSOM_BIN", os.path.join(ROOT, "build", "release", "bin"))
KILLED = ("hansom-dispatcher", "hansom-dispatcher-2", "hansom-ws-gateway", "hansom-location-ingest",
          "hansom-pricing", "hansom-store")
STOPPED = KILLED + ("matcher-1", "matcher-2")

DRAIN_S = 300  # rides may need so long to end on a busy machine; mostly they need seconds

PORTS = {"port": 28080, "admin-port": 29080, "store-port": 27379, "store-admin-port": 29379}


class City(kills.City):
    """The same with two dispatchers and no matcher of its own."""

    def __init__(self, folder, speedup):
        self.dir = os.path.join(folder, "run")
        self.out = open(os.path.join(folder, "up.log"), "w+", encoding="utf-8")
        flags = [word for name, port in PORTS.items() for word in ("--" + name, str(port))]
        self.up = subprocess.Popen(
            [os.path.join(BIN, "hansom"), "up", "--dir", self.dir, "--speed-scale", str(speedup),
             "--regions", "sf", "--dispatchers", "2", "--matchers", "0",
             "--appendfsync", "always", *flags], stdout=self.out, stderr=subprocess.STDOUT, cwd=ROOT)
        kills.wait_for("hansom up", 60, self.state)


class Proxy(threading.Thread):
    """Loopback TCP in front of the store. `hold` keeps everything, both ways; `cut` also ends what
    is open and lets nobody in."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to = ("127.0.0.1", port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.mode = "open"
        self.pairs = {}
        self.ending = False

    def run(self):
        self.listener.setblocking(False)
        while not self.ending:
            if self.mode == "cut":
                self.end_all()
            if self.mode == "open":
                self.turn()
            else:
                time.sleep(0.01)
        self.end_all()
        self.listener.close()

    def turn(self):
        with selectors.DefaultSelector() as ready:
            ready.register(self.listener, selectors.EVENT_READ)
            for s in self.pairs:
                ready.register(s, selectors.EVENT_READ)
            for key, _ in ready.select(0.05):
                if key.fileobj is self.listener:
                    self.enter()
                elif key.fileobj in self.pairs:
                    self.pass_on(key.fileobj)

    def enter(self):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        try:
            store = socket.create_connection(self.to, 1)
        except OSError:
            client.close()
            return
        for s in (client, store):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pairs[client], self.pairs[store] = store, client

    def pass_on(self, s):
        try:
            data = s.recv(65536)
            if data:
                self.pairs[s].sendall(data)
                return
        except OSError:
            pass
        other = self.pairs.pop(s)
        self.pairs.pop(other, None)
        s.close()
        other.close()

    def end_all(self):
        for s in self.pairs:
            s.close()
        self.pairs.clear()


class Matcher:
    """A matcher behind a proxy, started again whenever it is gone."""

    def __init__(self, name, store_port, folder, city):
        self.name = name
        self.proxy = Proxy(store_port)
        self.proxy.start()
        self.argv = [os.path.join(BIN, "hansom-matcher"), "--store",
                     f"redis://127.0.0.1:{self.proxy.port}", "--admin-port", "0", "--regions", "sf",
                     "--regions-file", os.path.join(ROOT, "config", "regions.json"),
                     "--jwt-secret-file", city["jwt_secret_file"], "--speed-scale",
                     str(city["speedup"]), "--claim-idle", "2s"]
        self.log = open(os.path.join(folder, name + ".log"), "ab")
        self.child = None
        self.watch()

    def watch(self):
        if self.child is None or self.child.poll() is not None:
            self.child = subprocess.Popen(self.argv, stdout=self.log, stderr=self.log, cwd=ROOT)

    def close(self):
        self.proxy.mode = "open"
        self.child.send_signal(signal.SIGCONT)
        self.child.terminate()
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(10)
        self.proxy.ending = True
        self.proxy.join(5)
        self.log.close()


class Attack:
    """Does one thing after another to the city until it is told to stop."""

    def __init__(self, city, matchers, rng, folder):
        self.city, self.matchers, self.rng = city, matchers, rng
        self.log = open(os.path.join(folder, "faults.jsonl"), "w", encoding="utf-8")
        self.began = time.monotonic()
        self.count = {}

    def note(self, what, whom, seconds=0.0):
        self.count[what] = self.count.get(what, 0) + 1
        line = {"at_s": round(time.monotonic() - self.began, 2), "what": what, "whom": whom,
                "for_s": round(seconds, 2)}
        self.log.write(json.dumps(line) + "\n")
        self.log.flush()

    def pid_of(self, name):
        for m in self.matchers:
            if m.name == name:
                return m.child.pid if m.child.poll() is None else None
        p = self.city.process(name)
        return p["pid"] if p and p["state"] == "ready" else None

    def kill(self):
        name = self.rng.choice(STOPPED)
        pid = self.pid_of(name)
        if pid:
            self.note("kill", name)
            os.kill(pid, signal.SIGKILL)

    def stop(self):
        name = self.rng.choice(STOPPED)
        pid = self.pid_of(name)
        if not pid:
            return
        seconds = self.rng.choice((0.3, 1, 3, 6)) * self.rng.uniform(0.5, 1.5)
        self.note("stop", name, seconds)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)  # what is measured is the stop itself
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def cut(self):
        m = self.rng.choice(self.matchers)
        m.proxy.mode = self.rng.choice(("hold", "hold", "cut"))
        seconds = self.rng.choice((0.5, 2, 6)) * self.rng.uniform(0.5, 1.5)
        self.note(m.proxy.mode, m.name, seconds)
        time.sleep(seconds)
        m.proxy.mode = "open"

    def run(self, seconds):
        end = self.began + seconds
        while time.monotonic() < end:
            self.rng.choice((self.kill, self.stop, self.cut))()
            for m in self.matchers:
                m.watch()
            time.sleep(min(self.rng.uniform(0.2, 3), max(0, end - time.monotonic())))
        for m in self.matchers:
            m.watch()
        self.log.close()


def run(o, folder):
    city = City(folder, o.speedup)
    report_file = os.path.join(folder, "report.json")
    matchers = []
    try:
        state = city.state()
        state["speedup"] = o.speedup
        port = next(p["port"] for p in state["processes"] if p["name"] == "hansom-store")
        matchers = [Matcher(f"matcher-{i}", port, folder, state) for i in (1, 2)]
        urls = {name: ",".join(url) for name, url in state["urls"].items()}
        sim = subprocess.Popen(
            [os.path.join(BIN, "hansom-sim"), "--jwt-secret-file", state["jwt_secret_file"],
             "--dispatcher", urls["dispatcher"], "--ingest", urls["ingest"], "--pricing",
             urls["pricing"], "--gateway", urls["gateway"], "--region", "sf", "--drivers",
             str(o.drivers), "--speedup", str(o.speedup), "--seconds", str(o.seconds), "--drain",
             str(DRAIN_S), "--seed", str(o.seed), "--report", report_file])
        attack = Attack(city, matchers, random.Random(o.seed), folder)
        attack.run(o.seconds * 0.95)
        while sim.poll() is None:
            for m in matchers:
                m.watch()
            try:
                sim.wait(1)
            except subprocess.TimeoutExpired:
                pass
            if time.monotonic() - attack.began > o.seconds + DRAIN_S + 200:
                sim.kill()
        with open(report_file, encoding="utf-8") as f:
            report = json.load(f)
        store = check_events.connect(state["store"])
        key = "rides:events:{sf}"
        with open(os.path.join(folder, "events.jsonl"), "w", encoding="utf-8") as f:
            for entry_id, e in check_events.entries(store, key):
                f.write(json.dumps({"id": entry_id, **e}) + "\n")
        checked = subprocess.run(
            [sys.executable, os.path.join(ROOT, "tests", "lib", "check_events.py"), "--store",
             state["store"], "--report", report_file], check=False)
        rest = check_rest.wait_for_rest(store, "sf", 180)
    finally:
        for m in matchers:
            m.close()
        city.close()
    rides = report["rides"]
    print(json.dumps({k: report[k] for k in ("rides", "violations", "retries", "ok")}))
    print("faults: " + ", ".join(f"{n} {what}" for what, n in sorted(attack.count.items())))
    print(f"{rides['requested'] / o.seconds:.1f} rides/s asked for over {o.seconds} s, "
          f"{rides['completed']} completed")
    wrong = [f"at rest: {line}" for line in rest[:20]]
    if sim.returncode != 0 or not report["ok"]:
        wrong.append("the simulator's books do not balance")
    if checked.returncode != 0:
        wrong.append("the log of events disagrees")
    if rides["completed"] < 20:
        wrong.append("too few rides to prove anything")
    return wrong


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("--seconds", type=int, default=600)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--drivers", type=int, default=1500)
    args.add_argument("--speedup", type=int, default=60)
    args.add_argument("--out", default="")
    o = args.parse_args()
    with tempfile.TemporaryDirectory(prefix="hansom-chaos-") as scratch:
        folder = os.path.abspath(o.out) if o.out else scratch
        os.makedirs(folder, exist_ok=True)
        wrong = run(o, folder)
        print("\n".join(wrong) if wrong else f"chaos: all promises kept (seed {o.seed})")
        if wrong and not o.out:
            for name in sorted(os.listdir(folder)):
                if name.endswith(".log"):
                    with open(os.path.join(folder, name), "rb") as f:
                        print(f"--- {name} ---\n{f.read()[-2000:].decode(errors='replace')}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
