#!/usr/bin/python3
"""indexes: redis-server with hansom-module.so. Its search indexes follow every way in which keys come,
change and go, in transactions and scripts too; what was there before is read in the background; and
a replica has the same indexes, whatever becomes of them.

    indexes.py --module build/dev/bin/hansom-module.so
"""
import os

from hosts import Server, equal, free_port, play, redis, until
from families_kept import until_indexed


def find(client, query="*", index="idx"):
    reply = client.execute_command("FT.SEARCH", index, query, "NOCONTENT", "LIMIT", 0, 1000)
    equal("the total of " + query, len(reply) - 1, reply[0])
    return sorted(key.decode() for key in reply[1:])


def of_info(client, name, index="idx"):
    reply = client.execute_command("FT.INFO", index)
    return reply[reply.index(name.encode()) + 1]


def changes(client):
    run = client.execute_command
    client.flushall()
    equal("without indexes", [], run("FT._LIST"))
    run("FT.CREATE", "idx", "PREFIX", 1, "d:", "SCHEMA", "n", "NUMERIC")
    run("FT.CREATE", "docs", "ON", "JSON", "PREFIX", 1, "d:", "SCHEMA", "$.n", "AS", "n", "NUMERIC")
    client.hset("d:1", "n", 1)
    client.rename("d:1", "d:2")
    equal("renamed", ["d:2"], find(client))
    run("COPY", "d:2", "d:3")
    equal("copied", ["d:2", "d:3"], find(client))
    client.rename("d:3", "e:3")
    equal("renamed away", ["d:2"], find(client))
    client.hset("d:4", "n", 4)
    client.move("d:4", 1)
    equal("moved", ["d:2"], find(client))
    run("SWAPDB", 0, 1)
    until_indexed(client, "idx")
    equal("swapped", ["d:4"], find(client))
    dump = client.dump("d:4")
    client.unlink("d:4")
    equal("unlinked", [], find(client))
    run("RESTORE", "d:5", 0, dump)
    equal("restored", ["d:5"], find(client, "@n:[4 4]"))
    client.hincrbyfloat("d:5", "n", 0.5)
    equal("counted", ["d:5"], find(client, "@n:[4.5 4.5]"))
    client.hdel("d:5", "n")
    equal("of a field less", [], find(client))
    client.hset("d:5", "n", 5)
    client.set("d:5", "word")
    equal("overwritten", [], find(client))
    client.delete("d:5")
    run("JSON.SET", "d:5", "$", '{"n":7}')
    equal("as JSON", ([], ["d:5"]), (find(client), find(client, "@n:[7 7]", "docs")))
    run("JSON.NUMINCRBY", "d:5", "$.n", 1)
    equal("JSON in place", ["d:5"], find(client, "@n:[8 8]", "docs"))
    client.hset("d:6", "n", 6)
    client.pexpire("d:6", 1)
    until(lambda: find(client) == [], "an expiry")
    equal("expired", 0, client.exists("d:6"))
    client.hset("d:7", "n", 7)
    client.pexpire("d:7", 10 ** 8)
    client.persist("d:7")
    equal("persisted", ["d:7"], find(client))
    reply = client.eval("""redis.call('HSET', 'd:8', 'n', 8) redis.call('DEL', 'd:7')
                           return redis.call('FT.SEARCH', 'idx', '*', 'NOCONTENT')""", 0)
    equal("in a script", [1, b"d:8"], reply)
    with client.pipeline() as pipe:
        pipe.hset("d:9", "n", 9)
        pipe.execute_command("FT.SEARCH", "idx", "@n:[9 9]", "NOCONTENT")
        pipe.delete("d:9")
        pipe.execute_command("FT.SEARCH", "idx", "@n:[9 9]", "NOCONTENT")
        equal("in a transaction", [1, [1, b"d:9"], 1, [0]], pipe.execute())
    client.config_set("maxmemory-policy", "allkeys-random")
    client.config_set("maxmemory", 1)
    until(lambda: client.dbsize() == 0, "an eviction")
    client.config_set("maxmemory", 0)
    equal("evicted", [], find(client) + find(client, "*", "docs"))
    client.hset("d:1", "n", 1)
    run("FLUSHALL", "ASYNC")
    equal("flushed", [], run("FT._LIST"))


def large(client):
    """A hash that is a table: all its fields, each once."""
    run = client.execute_command
    client.flushall()
    run("FT.CREATE", "idx", "SCHEMA", "f1", "TEXT")
    fields = {"f%d" % i: "word %d" % i for i in range(2000)}
    client.hset("big", mapping=fields)
    reply = run("FT.SEARCH", "idx", "word")
    found = dict(zip(reply[2][::2], reply[2][1::2]))
    equal("a large hash", (2 * len(fields), fields),
          (len(reply[2]), {k.decode(): v.decode() for k, v in found.items()}))


def background(client):
    run = client.execute_command
    client.flushall()
    with client.pipeline(transaction=False) as pipe:
        for i in range(20000):
            pipe.hset("d:%d" % i, mapping={"n": i, "t": "tag%d" % (i % 7)})
        pipe.execute()
    with client.pipeline() as pipe:
        for command in ["FT.CREATE idx PREFIX 1 d: SCHEMA n NUMERIC", "FT.INFO idx", "DEL d:1",
                        "HSET d:20000 n 20000"]:
            pipe.execute_command(*command.split())
        info = pipe.execute()[1]
    part = float(info[info.index(b"percent_indexed") + 1])
    equal("being read", (1, True), (info[info.index(b"indexing") + 1], 0 < part < 1))
    until_indexed(client, "idx")
    equal("all read", 1, float(of_info(client, "percent_indexed")))
    equal("all are found", 20000, run("FT.SEARCH", "idx", "*", "LIMIT", 0, 0)[0])
    run("FT.ALTER", "idx", "SCHEMA", "ADD", "t", "TAG")
    run("FT.CREATE", "dropped", "PREFIX", 1, "d:", "SCHEMA", "n", "NUMERIC")
    run("FT.DROPINDEX", "dropped")
    until_indexed(client, "idx")
    equal("altered", 2856, run("FT.SEARCH", "idx", "@t:{tag1}", "LIMIT", 0, 0)[0])
    run("DEBUG", "RELOAD")
    until_indexed(client, "idx")
    equal("after a reload", 2856, run("FT.SEARCH", "idx", "@t:{tag1}", "LIMIT", 0, 0)[0])


def in_step(primary, copy):
    equal("WAIT", 1, primary.execute_command("WAIT", 1, 30000))
    for client in (primary, copy):
        for name in client.execute_command("FT._LIST"):
            until_indexed(client, name.decode())


def replicated(primary, copy):
    run = primary.execute_command
    primary.flushall()
    run("FT.CREATE", "idx", "PREFIX", 1, "d:", "SCHEMA", "n", "NUMERIC")
    run("ft.create", "other", "PREFIX", 1, "o:", "SCHEMA", "n", "NUMERIC")
    for i in range(10):
        primary.hset("d:%d" % i, "n", i)
        primary.hset("o:%d" % i, "n", i)
    primary.eval("redis.call('FT.ALTER', 'idx', 'SCHEMA', 'ADD', 'm', 'TAG')", 0)
    run("FT.ALIASADD", "alias", "idx")
    in_step(primary, copy)
    equal("at a replica", find(primary, "@n:[3 5]", "alias"), find(copy, "@n:[3 5]", "alias"))
    primary.hset("d:3", "m", "x")
    run("ft.dropindex", "other", "DD")
    in_step(primary, copy)
    equal("altered at a replica", ["d:3"], find(copy, "@m:{x}"))
    equal("dropped at a replica", ([b"idx"], 10, 10),
          (copy.execute_command("FT._LIST"), primary.dbsize(), copy.dbsize()))
    # The copy hides what has expired, and deletes nothing until it is told.
    primary.execute_command("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    primary.pexpire("d:5", 300)
    equal("WAIT", 1, run("WAIT", 1, 30000))
    until(lambda: "d:5" not in find(copy), "an expiry at the replica")
    equal("hidden at a replica", 10, copy.dbsize())
    until(lambda: "d:5" not in find(primary), "an expiry")
    primary.execute_command("DEBUG", "SET-ACTIVE-EXPIRE", 1)
    in_step(primary, copy)
    equal("expired at both", find(primary), find(copy))
    try:
        copy.execute_command("FT.DROPINDEX", "idx")
        raise SystemExit("a replica drops an index")
    except redis.ReadOnlyError:
        pass
    before = copy.info("stats")["total_error_replies"]
    primary.config_set("appendonly", "yes")
    until(lambda: not primary.info("persistence")["aof_rewrite_in_progress"]
          and not primary.info("persistence")["aof_rewrite_scheduled"], "the rewrite")
    in_step(primary, copy)
    equal("errors at a replica, as the log begins anew", before,
          copy.info("stats")["total_error_replies"])
    equal("only the log was begun anew", "no", copy.config_get("appendonly")["appendonly"])
    copy.replicaof("NO", "ONE")
    copy.hset("d:own", "n", 77)
    equal("on its own", ["d:own"], find(copy, "@n:[77 77]"))


def guarded(module, folder):
    """What a file or a primary says needs nobody's rights."""
    log = ["--appendonly", "yes", "--aof-use-rdb-preamble", "no"]
    server = Server(module, folder, *log)
    run = server.client.execute_command
    run("FT.CREATE", "idx", "PREFIX", 1, "d:", "SCHEMA", "n", "NUMERIC")
    server.client.hset("d:1", "n", 1)
    server.end()
    server = Server(module, folder, *log, "--user", "default", "on", "nopass", "+@all", "~other:*")
    try:
        find(server.client)
        raise SystemExit("a user finds what he may not read")
    except redis.exceptions.NoPermissionError:
        pass
    equal("indexes of a log", [b"idx"], server.client.execute_command("FT._LIST"))
    server.client.execute_command("ACL", "SETUSER", "default", "allkeys")
    until_indexed(server.client, "idx")
    equal("from a log", ["d:1"], find(server.client))
    server.end()


def clustered(module, folder):
    """Indexes have no slot: each node answers for its own."""
    server = Server(module, folder, "--save", "", "--cluster-enabled", "yes",
                    "--cluster-port", str(free_port()))
    run = server.client.execute_command
    run("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
    server.client.config_set("cluster-require-full-coverage", "no")
    until(lambda: b"cluster_state:ok" in run("CLUSTER", "INFO"), "the slots")
    for name in ("a", "foo"):  # one of a slot of this node, one of another's
        run("FT.CREATE", name, "PREFIX", 1, "b", "SCHEMA", "n", "NUMERIC")
        server.client.hset("b", "n", 1)  # slot 3300
        equal("in a cluster", ["b"], find(server.client, "*", name))
    server.end()


def test(module, folder):
    guarded(module, os.path.join(folder, "guarded"))
    clustered(module, os.path.join(folder, "clustered"))
    server = Server(module, os.path.join(folder, "primary"), "--save", "",
                    "--aof-use-rdb-preamble", "no")
    changes(server.client)
    large(server.client)
    background(server.client)
    copy = Server(module, os.path.join(folder, "copy"), "--save", "", "--replicaof", "127.0.0.1",
                  str(server.port))
    until(lambda: copy.client.info("replication")["master_link_status"] == "up", "the link")
    until_indexed(copy.client, "idx")
    equal("a late replica", 2856,
          copy.client.execute_command("FT.SEARCH", "idx", "@t:{tag1}", "LIMIT", 0, 0)[0])
    replicated(server.client, copy.client)
    copy.end()
    server.end()
    print("indexes follow")


if __name__ == "__main__":
    play(test)
