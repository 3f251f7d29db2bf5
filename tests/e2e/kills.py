"""A run in which every process is killed with SIGKILL at a moment of its own, and `hansom up` restarts it.

The simulator judges from outside: no lost ride, no driver or ride assigned twice, every acknowledged
create still there. Then the store's own log of events is read by a separate checker.

    python3 tests/e2e/kills.py [--seed N] [--seconds N] [--rounds N]
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("HANSOM_BIN", os.path.join(ROOT, "build", "dev", "bin"))
VICTIMS = ("hansom-matcher", "hansom-dispatcher", "hansom-ws-gateway", "hansom-location-ingest",
           "hansom-pricing", "hansom-store")


def wait_for(what, seconds, check):
    end = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)
    return found


class City:
    def __init__(self, folder, speedup):
        self.dir = os.path.join(folder, "run")
        self.out = open(os.path.join(folder, "up.out"), "w+", encoding="utf-8")
        self.up = subprocess.Popen(
            [os.path.join(BIN, "hansom"), "up", "--dir", self.dir, "--speed-scale", str(speedup),
             "--regions", "sf", "--port", "18080", "--admin-port", "19080", "--store-port", "17379",
             "--store-admin-port", "19379"], stdout=self.out, stderr=subprocess.STDOUT, cwd=ROOT)
        wait_for("hansom up", 60, self.state)

    def state(self):
        try:
            with open(os.path.join(self.dir, "state.json"), encoding="utf-8") as f:
                state = json.load(f)
            return state if state["ready"] else None
        except (OSError, ValueError, KeyError):
            return None

    def process(self, name):
        state = self.state()
        return next((p for p in state["processes"] if p["name"] == name), None) if state else None

    def kill(self, name):
        victim = wait_for(f"{name} to run", 30, lambda: (p := self.process(name)) and p["pid"]
                          and p["state"] == "ready" and p)
        os.kill(victim["pid"], signal.SIGKILL)
        wait_for(f"{name} to be restarted", 30, lambda: (p := self.process(name))
                 and p["restarts"] > victim["restarts"] and p["state"] == "ready")

    def close(self):
        self.up.send_signal(signal.SIGTERM)
        try:
            self.up.wait(60)
        except subprocess.TimeoutExpired:
            self.up.kill()
        self.out.close()


def run(seed, seconds, drivers, speedup, folder):
    rng = random.Random(seed)
    city = City(folder, speedup)
    report_file = os.path.join(folder, "report.json")
    try:
        state = city.state()
        urls = {name: ",".join(url) for name, url in state["urls"].items()}
        sim = subprocess.Popen(
            [os.path.join(BIN, "hansom-sim"), "--jwt-secret-file", state["jwt_secret_file"],
             "--dispatcher", urls["dispatcher"], "--ingest", urls["ingest"], "--pricing",
             urls["pricing"], "--gateway", urls["gateway"], "--region", "sf", "--drivers",
             str(drivers), "--speedup", str(speedup), "--seconds", str(seconds), "--seed", str(seed),
             "--report", report_file])
        began = time.monotonic()
        moments = sorted((rng.uniform(0.1, 0.9) * seconds, name) for name in VICTIMS)
        for at, name in moments:
            time_left = began + at - time.monotonic()
            if time_left > 0:
                try:
                    sim.wait(time_left)
                    break # it ended early: its exit code says why
                except subprocess.TimeoutExpired:
                    pass
            print(f"{time.monotonic() - began:6.1f} s  kill -9 {name}", flush=True)
            city.kill(name)
        status = sim.wait(seconds + 300)
        with open(report_file, encoding="utf-8") as f:
            report = json.load(f)
        checked = subprocess.run(
            [sys.executable, os.path.join(ROOT, "tests", "lib", "check_events.py"), "--store",
             state["store"], "--report", report_file], check=False)
    finally:
        city.close()
    print(json.dumps({k: report[k] for k in ("rides", "violations", "retries", "ok")}))
    wrong = []
    if status != 0 or not report["ok"]:
        wrong.append("the books do not balance")
    if checked.returncode != 0:
        wrong.append("the log of events disagrees")
    if report["rides"]["completed"] < 20:
        wrong.append("too few rides to prove anything")
    return wrong


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--seconds", type=int, default=40)
    args.add_argument("--drivers", type=int, default=120)
    args.add_argument("--speedup", type=int, default=60)
    args.add_argument("--rounds", type=int, default=1)
    o = args.parse_args()
    for seed in range(o.seed, o.seed + o.rounds):
        with tempfile.TemporaryDirectory(prefix="hansom-kills-") as folder:
            wrong = run(seed, o.seconds, o.drivers, o.speedup, folder)
            if wrong:
                print(f"seed {seed}: " + "; ".join(wrong))
                for name in sorted(os.listdir(os.path.join(folder, "run", "log"))):
                    with open(os.path.join(folder, "run", "log", name), "rb") as f:
                        print(f"--- {name} ---\n{f.read()[-2500:].decode(errors='replace')}")
                return 1
            print(f"seed {seed}: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
