#!/usr/bin/env python3
"""python3-redis's vector search, aggregation, cursors and highlighting, as users write them."""

import struct
import time
import unittest

import redis
import server
from redis.commands.search import reducers
from redis.commands.search.aggregation import AggregateRequest, Asc, Desc
from redis.commands.search.field import NumericField, TagField, TextField, VectorField
from redis.commands.search.indexDefinition import IndexDefinition, IndexType
from redis.commands.search.query import Query
from redis.exceptions import ResponseError


def floats(*numbers):
    return struct.pack(f"<{len(numbers)}f", *numbers)


class Vectors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server.Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.redis = redis.Redis(port=self.server.port, socket_timeout=30)
        self.addCleanup(self.redis.close)
        self.redis.flushall()

    def test_the_nearest_drivers_by_an_embedding_of_512_numbers(self):
        self.redis.execute_command(
            "FT.CREATE", "idx:drivers", "ON", "JSON", "PREFIX", "1", "driver:", "SCHEMA",
            "$.rating", "AS", "rating", "NUMERIC", "SORTABLE",
            "$.embedding", "AS", "embedding", "VECTOR", "HNSW", "6", "TYPE", "FLOAT32", "DIM", "512",
            "DISTANCE_METRIC", "COSINE")
        for i in range(40):
            embedding = [0.0] * 512
            embedding[i], embedding[0] = 1.0, 0.1 * i
            self.redis.json().set(f"driver:{i}", "$", {"rating": 4 + i / 40, "embedding": embedding})
        like = floats(*[1.0 if k == 7 else 0.0 for k in range(512)])
        query = (Query("*=>[KNN 3 @embedding $blob AS distance]").sort_by("distance")
                 .return_fields("rating", "distance").dialect(2))
        result = self.redis.ft("idx:drivers").search(query, query_params={"blob": like})
        self.assertEqual(result.total, 3)
        self.assertEqual(result.docs[0].id, "driver:7")
        self.assertAlmostEqual(float(result.docs[0].distance), 1 - 1 / 1.49 ** 0.5, places=5)
        best = (Query("@rating:[4.9 +inf]=>[KNN 3 @embedding $blob AS distance]").sort_by("distance")
                .no_content().dialect(2))
        found = self.redis.ft("idx:drivers").search(best, query_params={"blob": like})
        self.assertTrue(all(int(doc.id.split(":")[1]) >= 36 for doc in found.docs))
        self.assertEqual(found.total, 3)

    def test_hashes_with_flat_and_hnsw_fields(self):
        ft = self.redis.ft("idx")
        options = {"TYPE": "FLOAT32", "DIM": 2, "DISTANCE_METRIC": "L2"}
        ft.create_index((VectorField("flat", "FLAT", options),
                         VectorField("graph", "HNSW", dict(options, M=8, EF_CONSTRUCTION=50)),
                         TagField("kind")),
                        definition=IndexDefinition(prefix=["doc:"], index_type=IndexType.HASH))
        for i in range(10):
            self.redis.hset(f"doc:{i}", mapping={"flat": floats(i, 0), "graph": floats(0, i),
                                                 "kind": "even" if i % 2 == 0 else "odd"})
        for field, at in (("flat", floats(3, 0)), ("graph", floats(0, 3))):
            query = Query(f"@kind:{{odd}}=>[KNN 2 @{field} $at]").sort_by(f"__{field}_score").dialect(2)
            found = ft.search(query, query_params={"at": at})
            self.assertEqual([doc.id for doc in found.docs], ["doc:3", "doc:1"])
            self.assertEqual(float(getattr(found.docs[1], f"__{field}_score")), 4)
            near = Query(f"@{field}:[VECTOR_RANGE $r $at]=>{{$yield_distance_as: d}}").sort_by("d").dialect(2)
            found = ft.search(near, query_params={"at": at, "r": 1})
            self.assertEqual({doc.id for doc in found.docs}, {"doc:2", "doc:3", "doc:4"})
            self.assertEqual(float(found.docs[0].d), 0)

    def test_rows_are_grouped_computed_and_sorted(self):
        ft = self.redis.ft("idx")
        ft.create_index((TextField("title"), TextField("body"), TextField("parent"),
                         NumericField("num")))
        for title, body, parent, num in (("RediSearch", "implements search", "redis", 10),
                                         ("RedisAI", "executes models", "redis", 3),
                                         ("RedisJson", "implements JSON", "redis", 8)):
            self.redis.hset(title, mapping={"title": title, "body": body, "parent": parent, "num": num})
        request = AggregateRequest("redis").group_by(
            "@parent", reducers.count(), reducers.sum("@num").alias("total"),
            reducers.quantile("@num", 0.5).alias("half"), reducers.tolist("@title").alias("titles"),
            reducers.first_value("@title", Desc("@num")).alias("first"))
        self.redis.hset("RediSearch", "body", "redis search")
        row = ft.aggregate(AggregateRequest("*").group_by(
            "@parent", reducers.count(), reducers.sum("@num").alias("total"),
            reducers.quantile("@num", 0.5).alias("half"), reducers.tolist("@title").alias("titles"),
            reducers.first_value("@title", Desc("@num")).alias("first"))).rows[0]
        values = dict(zip(row[::2], row[1::2]))
        self.assertEqual(values[b"__generated_aliascount"], b"3")
        self.assertEqual((values[b"total"], values[b"half"], values[b"first"]), (b"21", b"8", b"RediSearch"))
        self.assertEqual(len(values[b"titles"]), 3)
        self.assertEqual(dict(zip(*[iter(ft.aggregate(request).rows[0])] * 2))[b"total"], b"21")
        request = (AggregateRequest("*").load("@num").apply(twice="@num * 2").filter("@twice > 10")
                   .sort_by(Asc("@twice"), max=1))
        self.assertEqual(ft.aggregate(request).rows, [[b"num", b"8", b"twice", b"16"]])

    def test_a_cursor_reads_all_rows_once_whatever_is_written_meanwhile(self):
        ft = self.redis.ft("idx")
        ft.create_index((NumericField("n", sortable=True),))
        for i in range(25):
            self.redis.hset(f"d{i}", "n", i)
        request = AggregateRequest("*").sort_by(Asc("@n"), max=100).cursor(count=10, max_idle=10)
        seen = []
        result = ft.aggregate(request)
        while True:
            seen += [int(row[1]) for row in result.rows]
            if result.cursor.cid == 0:
                break
            self.redis.delete("d24")
            last = result.cursor.cid
            result = ft.aggregate(result.cursor)
        self.assertEqual(seen, list(range(25)))
        with self.assertRaises(ResponseError):
            self.redis.execute_command("FT.CURSOR", "READ", "idx", last)
        cursor = ft.aggregate(AggregateRequest("*").load("@n").cursor(count=1)).cursor
        self.assertEqual(self.redis.execute_command("FT.CURSOR", "DEL", "idx", cursor.cid), b"OK")
        with self.assertRaises(ResponseError):
            self.redis.execute_command("FT.CURSOR", "READ", "idx", cursor.cid)

    def test_cursors_are_limited_and_forgotten_when_idle(self):
        self.redis.ft("idx").create_index((NumericField("n"),))
        self.redis.hset("a", "n", 1)
        self.redis.hset("b", "n", 2)
        ask = ("FT.AGGREGATE", "idx", "*", "LOAD", "1", "@n", "WITHCURSOR", "COUNT", "1")
        for _ in range(127):
            self.redis.execute_command(*ask)
        self.redis.execute_command(*ask, "MAXIDLE", "200")
        with self.assertRaisesRegex(ResponseError, "Too many cursors"):
            self.redis.execute_command(*ask)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                self.redis.execute_command(*ask)
                break
            except ResponseError:
                pass
        else:
            self.fail("an idle cursor stays")

    def test_words_that_were_found_are_marked(self):
        ft = self.redis.ft("idx")
        ft.create_index((TextField("text"),))
        self.redis.hset("d", "text", "the quick brown fox jumped over the lazy dogs")
        shown = ft.search(Query("dog").highlight(tags=("<", ">"))).docs[0]
        self.assertEqual(shown.text, "the quick brown fox jumped over the lazy <dogs>")
        short = ft.search(Query("fox").summarize(context_len=3, num_frags=1)).docs[0]
        self.assertEqual(short.text, "brown fox jumped... ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
