"""JSON, time series and sketches.

Debian's redis-server has none of them, so each row stands beside what redis-server does with SET or
GET in the same turns: that is what a machine gives, and the bars are ratios to it. They come from
what the best module measured in the same way, times what we want to be better by: JSON.SET 2.5 x
valkey-json (152k beside a SET of 0.79M), JSON.GET 3 x (359k beside a GET of 0.86M), TS.ADD 900k and
BF.ADD 1.3M beside a SET of 0.79M. Servers and turns are those of bench/store/run.
"""
from store_run import store

SERIES = 1000  # so that samples are measured, and not the making of series
# name, workload, what redis-server does beside it, ratio to reach
ROWS = [
    ("JSON.SET profile 32x16", "json-set", "set", 2.5 * 152 / 790),
    ("JSON.GET $.rating 32x16", "json-get", "get", 3 * 359 / 860),
    ("TS.ADD 32x16", "ts-add", "set", 900 / 790),
    ("BF.ADD 32x16", "bf-add", "set", 1300 / 790),
]
# name, workload, elements, bytes an element at most
MEMORY = [
    ("JSON, a profile of 450 B", "json-set", 100_000, 600),
    ("time series, a regular sample", "ts-add", 4_000_000, 2),
]
FILLED = {"json-get": "json-set", "json-set": "json-set", "get": "set"}


def best(server, workload, keys, seconds):
    if workload in FILLED:
        server.fill(FILLED[workload], keys)
    server.load(workload, 32, 16, keys, 0.3)
    return lambda: server.load(workload, 32, 16, keys, seconds / store.TURNS)


def speed(rows, keys, seconds):
    print("| commands/s | hansom | redis-server SET or GET | ratio | bar | met | p50 / p99 µs |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for name, workload, beside, bar in rows:
        hansom, redis = store.Server("hansom"), store.Server("redis")
        try:
            ours = best(hansom, workload, SERIES if workload == "ts-add" else keys, seconds)
            theirs = best(redis, beside, keys, seconds)
            turns = [(ours(), theirs()) for _ in range(store.TURNS)]
        finally:
            hansom.close()
            redis.close()
        h = max((turn[0] for turn in turns), key=lambda t: t["ops_s"])
        r = max(turn[1]["ops_s"] for turn in turns)
        ratio = h["ops_s"] / r
        print(f"| {name} | {h['ops_s']:,} | {r:,} | {ratio:.2f} | {bar:.2f} "
              f"| {'yes' if ratio >= bar else 'no'} | {h['p50_us']} / {h['p99_us']} |", flush=True)


def memory(rows):
    print("| bytes an element, resident | hansom | at most | met |")
    print("|---|---|---|---|", flush=True)
    for name, workload, n, most in rows:
        each = store.bytes_each("hansom", workload, n)
        print(f"| {name} | {each:.2f} | {most} | {'yes' if each <= most else 'no'} |", flush=True)
