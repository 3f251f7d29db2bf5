"""Search over drivers' profiles of about 450 bytes, by bench-store-load.

The store runs on CPU 0, the load generator on CPU 1. Each row is measured at full speed, and, with a
service time to reach, at one connection without depth; and as it is used, at half of what 64 connections
get at most, where a query waits for others now and then.
"""
import socket
import time

from store_run import store

CREATE = ("FT.CREATE idx:drivers ON HASH PREFIX 1 driver: SCHEMA name TEXT rating NUMERIC SORTABLE "
          "vehicle TAG location GEO trips NUMERIC bio TEXT").split()

# name, workload, connections, depth, commands/s to reach at 100k and at 1M documents
ROWS = [
    ("@rating:[4.8 +inf] LIMIT 0 10", "search-range", 32, 1, 30 * 1157, 13000),
    ("place, number and tag, 2 km", "search-place", 32, 1, 20 * 938, 20 * 136),
    ("two words, the best ten", "search-text", 32, 1, 0, 0),
    ("two words, one client", "search-text", 1, 1, 0, 0),
    ("HSET rating and location", "search-update", 32, 16, 100000, 100000),
    ("HSET of the whole profile", "search-rewrite", 32, 16, 0, 0),
]

# Latency at half of what 64 connections get.
HALF = [
    ("@rating:[4.8 +inf] LIMIT 0 10", "search-range"),
    ("place, number and tag, 2 km", "search-place"),
    ("two words, the best ten", "search-text"),
]


VECTORS = ("FT.CREATE idx:vectors ON HASH PREFIX 1 vec: SCHEMA v VECTOR HNSW 6 TYPE FLOAT32 DIM 512 "
           "DISTANCE_METRIC L2").split()
# The same for vectors, which are as many as there are documents up to this.
VECTORS_MAX = 100000
NEAREST = [
    ("ten nearest of vectors of 512", "search-vector", 32, 1),
    ("ten nearest of vectors, one client", "search-vector", 1, 1),
]
NEAREST_HALF = [("ten nearest of vectors of 512", "search-vector")]


def ask(port, *words):
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"*%d\r\n" % len(words))
        for word in words:
            data = str(word).encode()
            s.sendall(b"$%d\r\n%s\r\n" % (len(data), data))
        return s.recv(65536)


def matches(port, *query):
    """How many documents match: the first number of the reply."""
    return int(ask(port, "FT.SEARCH", "idx:drivers", *query, "LIMIT", 0, 0).split(b"\r\n")[1][1:])


def half(server, rows, n, seconds):
    for name, workload in rows:
        most = server.load(workload, 64, 1, n, seconds / 2)["ops_s"]
        r = server.load(workload, 64, 1, n, seconds, ["--rate", str(most // 2)])
        print("| %d | %s 64x1 at half load | %d | | | %d / %d | |" % (n, name, r["ops_s"], r["p50_us"], r["p99_us"]),
              flush=True)


def speed(rows, half_rows, keys, seconds):
    print("| documents | row (connections x depth) | /s | bar | met | p50 / p99 µs | CPU µs |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for n in keys:
        server = store.Server("hansom")
        try:
            ask(server.port, *CREATE)
            before = server.rss()
            server.fill("search-range", n)
            print("# %d documents: %.0f B each with the index; [4.8 +inf] matches %d; 2 km, 4.5, sedan: %d"
                  % (n, (server.rss() - before) / n, matches(server.port, "@rating:[4.8 +inf]"),
                     matches(server.port, "@location:[-122.4 37.7 2 km] @rating:[4.5 +inf] "
                                          "@vehicle:{sedan}")), flush=True)
            for name, workload, conns, depth, *bars in rows:
                bar = bars[n > 300000]
                cpu = server.cpu_s()
                r = server.load(workload, conns, depth, n, seconds)
                cpu = (server.cpu_s() - cpu) / r["ops"] * 1e6
                met = "" if not bar else "yes" if r["ops_s"] >= bar else "no"
                print("| %d | %s %dx%d | %d | %s | %s | %d / %d | %.1f |"
                      % (n, name, conns, depth, r["ops_s"], bar or "", met, r["p50_us"],
                         r["p99_us"], cpu), flush=True)
            half(server, half_rows, n, seconds)
        finally:
            server.close()


def nearest(rows, half_rows, n, seconds):
    """kNN through an HNSW index, ef 64; bench-vectors says how many of the nearest it finds."""
    print("| vectors | row (connections x depth) | /s | bar | met | p50 / p99 µs | CPU µs |")
    print("|---|---|---|---|---|---|---|", flush=True)
    server = store.Server("hansom")
    try:
        ask(server.port, *VECTORS)
        start = time.monotonic()
        server.fill("search-vector", n)
        print("# %d vectors indexed in %.0f s" % (n, time.monotonic() - start), flush=True)
        for name, workload, conns, depth in rows:
            cpu = server.cpu_s()
            r = server.load(workload, conns, depth, n, seconds)
            cpu = (server.cpu_s() - cpu) / r["ops"] * 1e6
            print("| %d | %s %dx%d | %d | | | %d / %d | %.1f |"
                  % (n, name, conns, depth, r["ops_s"], r["p50_us"], r["p99_us"], cpu), flush=True)
        half(server, half_rows, n, seconds)
    finally:
        server.close()
