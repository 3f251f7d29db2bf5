#!/usr/bin/python3
"""How fast the services are, beside the store they stand on: run by `scripts/bench services`.

Two measurements, each on hansom-store and on redis-server with the same durability, in one run:
  pings     wrk posts one fix at a time over 64 connections: requests/s, latency, CPU a request
  offers    hansom-sim asks for 100 rides/s from recorded-like demand: request-to-offer latency
Prints one Markdown table. Needs wrk and a release build (scripts/bench sees to both).
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
os.environ.setdefault("HANSOM_BIN", os.path.join(ROOT, "build", "release", "bin"))

from town import BIN, Town  # noqa: E402  (the path is set above)

DRIVERS, CONNECTIONS, SECONDS = 400, 64, 10
TICKS = os.sysconf("SC_CLK_TCK")

WRK = """
local posts, at = {}, 0
for line in io.lines(os.getenv("POSTS")) do
  local id, token, lat, lon = line:match("(%S+) (%S+) (%S+) (%S+)")
  posts[#posts + 1] = {"/v1/drivers/" .. id .. "/locations", token, lat, lon}
end
local base = tonumber(os.getenv("NOW_MS"))
function request()
  at = at + 1
  local p = posts[at % #posts + 1]
  local jitter = (at / #posts) % 50 * 0.00001
  local body = string.format('{"points":[{"lat":%.6f,"lon":%.6f,"ts_ms":%d,"acc_m":5}]}',
    p[3] + jitter, p[4] + jitter, os.time() * 1000 + math.floor(at / #posts) % 1000)
  return wrk.format("POST", p[1], {["Authorization"] = "Bearer " .. p[2],
    ["Content-Type"] = "application/json"}, body)
end
"""


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def seconds_of(text):
    number, unit = re.match(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[unit]


def measure_pings(kind, fsync):
    services = ("dispatcher", "location-ingest")
    with Town(kind, services, fsync) as town:
        drivers = [town.driver(i, i % 49) for i in range(DRIVERS)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda d: d.register().online(), drivers))
        posts = os.path.join(town.dir, "posts")
        with open(posts, "w", encoding="ascii") as f:
            for d in drivers:
                f.write(f"{d.id} {d.token} {d.at['lat']} {d.at['lon']}\n")
        script = os.path.join(town.dir, "post.lua")
        with open(script, "w", encoding="ascii") as f:
            f.write(WRK)
        ingest = town.processes["location-ingest"]
        before = cpu_s(ingest.child.pid), cpu_s(town.store.child.pid)
        out = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", script,
             f"http://127.0.0.1:{ingest.port()}"], capture_output=True, text=True, check=True,
            env={**os.environ, "POSTS": posts, "NOW_MS": str(int(time.time() * 1000))}).stdout
        after = cpu_s(ingest.child.pid), cpu_s(town.store.child.pid)
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if bad:
        raise SystemExit(f"pings were refused: {out}")
    return {"per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
            "p50": seconds_of(re.search(r"50%\s+(\S+)", out).group(1)),
            "p99": seconds_of(re.search(r"99%\s+(\S+)", out).group(1)),
            "ingest_us": (after[0] - before[0]) / requests * 1e6,
            "store_us": (after[1] - before[1]) / requests * 1e6}


def trips(path, per_second, seconds):
    """Evenly spread requests between places a few kilometres apart, so many a second."""
    start = 1211385600
    with open(path, "w", encoding="ascii") as f:
        f.write("pickup_at,pickup_lat,pickup_lon,dropoff_at,dropoff_lat,dropoff_lon\n")
        for i in range(per_second * seconds):
            at = start + i / per_second
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}Z"
            a, b = i * 7919 % 997 / 997, i * 104729 % 991 / 991
            f.write(f"{stamp},{37.74 + 0.05 * a:.5f},{-122.46 + 0.06 * b:.5f},{stamp},"
                    f"{37.74 + 0.05 * b:.5f},{-122.46 + 0.06 * a:.5f}\n")


def measure_offers(kind, fsync, per_second=100, seconds=20):
    with Town(kind, fsync=fsync, speed_scale=60) as town, tempfile.TemporaryDirectory() as folder:
        file, report = os.path.join(folder, "trips.csv"), os.path.join(folder, "report.json")
        trips(file, per_second, seconds)
        at = {name: f"http://127.0.0.1:{p.port('ws' if name == 'ws-gateway' else 'http')}"
              for name, p in town.processes.items() if name != "matcher"}
        busy = {n: p.child.pid for n, p in town.processes.items()}
        busy["store"] = town.store.child.pid
        before = {n: cpu_s(pid) for n, pid in busy.items()}
        subprocess.run(
            [os.path.join(BIN, "hansom-sim"), "--jwt-secret-file", os.path.join(town.dir, "secret"),
             "--dispatcher", at["dispatcher"], "--ingest", at["location-ingest"], "--pricing",
             at["pricing"], "--gateway", at["ws-gateway"], "--trips", file, "--drivers", "2500",
             "--speedup", "1", "--seconds", str(seconds), "--drain", "1", "--report", report],
            check=False, stderr=subprocess.DEVNULL, timeout=300)
        after = {n: cpu_s(pid) for n, pid in busy.items()}
        with open(report, encoding="utf-8") as f:
            result = json.load(f)
    rides = result["rides"]["requested"]
    return {"latency": result["latency_ms"], "rides": result["rides"],
            "cpu_us": {n: (after[n] - before[n]) / max(1, rides) * 1e6 for n in busy}}


def main():
    print("| location POST, 64 connections | req/s | p50 | p99 | ingest CPU | store CPU |")
    print("|---|---|---|---|---|---|")
    for kind, fsync in (("hansom", "always"), ("redis", "always"), ("hansom", "everysec"),
                        ("redis", "everysec")):
        m = measure_pings(kind, fsync)
        print(f"| {kind} {fsync} | {m['per_s']:,.0f} | {m['p50'] * 1e3:.2f} ms | "
              f"{m['p99'] * 1e3:.2f} ms | {m['ingest_us']:.1f} µs | {m['store_us']:.1f} µs |",
              flush=True)
    print("\n| 100 rides/s | request to offer p50 / p99 | create p50 / p99 | push p50 / p99 | CPU a ride |")
    print("|---|---|---|---|---|")
    for kind, fsync in (("hansom", "always"), ("redis", "always"), ("hansom", "everysec"),
                        ("redis", "everysec")):
        m = measure_offers(kind, fsync)
        pair = {k: f"{v['p50']:.2f} / {v['p99']:.2f} ms" for k, v in m["latency"].items()}
        cpu = ", ".join(f"{n} {us:.0f}" for n, us in m["cpu_us"].items())
        print(f"| {kind} {fsync} | {pair['request_to_offer']} | {pair['create_http']} | "
              f"{pair['push']} | {cpu} µs |", flush=True)


if __name__ == "__main__":
    main()
