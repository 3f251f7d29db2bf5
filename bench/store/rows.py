"""The rows of scripts/bench store, with the ratio to redis-server that each is to reach."""
from dataclasses import dataclass, field


@dataclass
class Row:
    name: str
    workload: str
    conns: int
    depth: int
    keys: int = 100_000
    bar: float = 0          # hansom over redis at least; 0: no bar
    log: str = "none"       # appendfsync, or none
    flags: list = field(default_factory=list)  # of the load generator
    fill: str = ""          # the workload whose data is loaded before; "-": nothing
    fill_flags: list = field(default_factory=list)
    half: bool = False      # at half of redis's rate; the ratio is that of p99
    slow: bool = False      # left out by --quick

    def dataset(self):
        """Rows of one dataset, one after the other, share a server."""
        return (self.log, self.fill or self.workload, self.keys, tuple(self.fill_flags))


def near(km, count):
    return ["--radius-km", str(km), "--count", str(count)]


def placed(where):
    return ["--places", where]


def rows(fixes):
    """All rows; fixes is a file of recorded places, or None."""
    million = {"keys": 1_000_000, "fill": "geoadd", "slow": True}
    city = {"fill": "geoadd"}
    small = {"keys": 10_000, "fill": "geoadd"}
    air = {"fill": "geoadd", "fill_flags": placed("airport"), "slow": True}
    board = {"keys": 1_000_000, "fill": "zincrby", "slow": True}
    all_rows = [
        Row("PING 32x16", "ping", 32, 16, fill="-"),
        Row("SET 32x1", "set", 32, 1),
        Row("SET 32x16", "set", 32, 16, bar=1.5),
        Row("GET 32x16", "get", 32, 16, bar=1.5, fill="set"),

        Row("GEOADD 100k 32x1", "geoadd", 32, 1, bar=1.5, **city),
        Row("GEOADD 100k 32x16", "geoadd", 32, 16, bar=5, **city),
        Row("GEOADD 100k 32x128", "geoadd", 32, 128, bar=7, **city),
        Row("GEOADD 100k, 40 m, 32x1", "geonear", 32, 1, bar=1.5, slow=True, **city),
        Row("GEOADD 100k, 40 m, 32x16", "geonear", 32, 16, bar=5, slow=True, **city),
        Row("GEOADD 100k, 40 m, 32x128", "geonear", 32, 128, bar=7, slow=True, **city),
        Row("GEOADD 100k, p99 at half load", "geoadd", 32, 1, bar=1, half=True, **city),
        Row("GEOSEARCH 2 km COUNT 5, 100k 32x1", "geosearch", 32, 1, bar=18, **city),
        Row("GEOSEARCH 2 km COUNT 5, 100k 32x16", "geosearch", 32, 16, bar=35, **city),
        Row("GEOSEARCH 5 km COUNT 10, 100k 32x1", "geosearch", 32, 1, bar=100, flags=near(5, 10),
            **city),
        Row("GEOSEARCH 2 km, 100k 32x1", "geosearch", 32, 1, bar=1, flags=near(2, 0), slow=True,
            **city),
        Row("95 % GEOADD 5 % GEOSEARCH 100k 32x1", "geomix", 32, 1, bar=3, **city),
        Row("95 % GEOADD 5 % GEOSEARCH 100k 32x16", "geomix", 32, 16, bar=12, **city),

        Row("GEOSEARCH 2 km COUNT 5, 10k 32x1", "geosearch", 32, 1, bar=2, **small),
        Row("GEOSEARCH 2 km, 10k 32x1", "geosearch", 32, 1, bar=1, flags=near(2, 0), **small),
        Row("GEOSEARCH 2 km COUNT 1000, 10k 32x1", "geosearch", 32, 1, bar=1,
            flags=near(2, 1000), **small),

        Row("GEOADD 1M 32x1", "geoadd", 32, 1, bar=1.8, **million),
        Row("GEOADD 1M 32x16", "geoadd", 32, 16, bar=8, **million),
        Row("GEOADD 1M 32x128", "geoadd", 32, 128, bar=10, **million),
        Row("GEOSEARCH 2 km COUNT 5, 1M 32x1", "geosearch", 32, 1, bar=250, **million),
        Row("GEOSEARCH 5 km COUNT 10, 1M 32x1", "geosearch", 32, 1, bar=1500, flags=near(5, 10),
            **million),

        Row("airport, GEOADD 100k 32x16", "geoadd", 32, 16, bar=1, flags=placed("airport"), **air),
        Row("airport, GEOSEARCH there, 2 km COUNT 5", "geosearch", 32, 1, bar=1,
            flags=placed("apron"), **air),
        Row("airport, GEOSEARCH there, 2 km", "geosearch", 4, 1, bar=1,
            flags=placed("apron") + near(2, 0), **air),
        Row("airport, GEOSEARCH there, COUNT 100000", "geosearch", 4, 1, bar=1,
            flags=placed("apron") + near(2, 100000), **air),
    ]
    if fixes is not None:
        cabs = {"fill": "geoadd", "fill_flags": placed(fixes), "slow": True}
        all_rows += [
            Row("recorded places, GEOADD 100k 32x16", "geoadd", 32, 16, bar=1,
                flags=placed(fixes), **cabs),
            Row("recorded places, GEOSEARCH 2 km COUNT 5", "geosearch", 32, 1, bar=1,
                flags=placed(fixes), **cabs),
            Row("recorded places, GEOSEARCH 2 km", "geosearch", 4, 1, bar=1,
                flags=placed(fixes) + near(2, 0), **cabs),
        ]
    all_rows += [
        Row("XADD 6 fields 32x1", "xadd", 32, 1, bar=1.3, fill="-"),
        Row("XADD 6 fields 32x16", "xadd", 32, 16, bar=2, fill="-"),
        Row("XREADGROUP XACK COUNT 100, entries, 4x1", "xread", 4, 1, keys=300_000, bar=3),
        Row("XAUTOCLAIM COUNT 100, entries, 4x1", "xclaim", 4, 1, keys=100_000, bar=4),
        Row("SET NX PX, EVALSHA compare-and-delete 32x1", "lock", 32, 1, bar=1.2, fill="-"),
        Row("SET NX PX, EVALSHA compare-and-delete 32x16", "lock", 32, 16, bar=2, fill="-"),
        Row("PUBLISH to 1000, deliveries, window 1", "publish", 1, 1, keys=1000, bar=1.1,
            fill="-"),
        Row("PUBLISH to 1000, deliveries, window 16", "publish", 1, 16, keys=1000, bar=1.5,
            fill="-"),
        Row("ZINCRBY 1M 32x16", "zincrby", 32, 16, bar=4, **board),
        Row("ZREVRANGE top 10, 1M 32x16", "ztop", 32, 16, bar=3, **board),
        Row("ZREVRANK 1M 32x16", "zrank", 32, 16, bar=3, **board),
        Row("log always, GEOADD 1x1", "geoadd", 1, 1, bar=1.4, log="always"),
        Row("log always, GEOADD 32x1", "geoadd", 32, 1, bar=2.5, log="always"),
        Row("log always, GEOADD 32x16", "geoadd", 32, 16, bar=4, log="always"),
        Row("log everysec, GEOADD 32x1", "geoadd", 32, 1, bar=1.5, log="everysec"),
        Row("log everysec, GEOADD 32x16", "geoadd", 32, 16, bar=4, log="everysec"),
    ]
    return all_rows


# Table after table grows as a store fills, and after growing it is half empty. Ours do so at 6.125 times a
# power of two, redis-server's at one, and with ten elements a key there are a tenth as many keys: of
# these parts of the number of elements each kind of row has one just behind a step of ours.
SIZES = (0.81, 1, 1.02)

# The smaller an element the more there are of them: with huge pages memory is resident in steps of 2 MB.
# name, the workload whose data is loaded, elements, bytes an element at most (0: 1.1 x redis)
MEMORY = [
    ("drivers in geo", "geoadd", 1_000_000, 87),
    ("stream, one of 6 fields an entry", "xread", 500_000, 94),
    ("streams of 10 such entries", "stream-small", 200_000, 0),
    ("strings of 16 bytes", "set", 500_000, 0),
    ("strings of 100 bytes", "set-100", 2_000_000, 0),
    ("hashes of 10 fields", "hash-small", 500_000, 0),
    ("a hash of all fields", "hash-big", 500_000, 0),
    ("lists of 10", "list-small", 2_000_000, 0),
    ("a list of all", "list-big", 4_000_000, 0),
    ("sets of 10 names", "set-small", 500_000, 0),
    ("sets of 10 whole numbers", "set-ints", 4_000_000, 0),
    ("a set of all names", "set-big", 500_000, 0),
    ("sorted sets of 10", "zset-small", 500_000, 0),
    ("a sorted set of all", "zincrby", 500_000, 0),
]
