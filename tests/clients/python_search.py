#!/usr/bin/env python3
"""python3-redis's search commands, Debian's 4.3.4, against the store: the examples of RediSearch's
users, run as they are written."""

import unittest

import redis
import server
from redis.commands.json.path import Path
from redis.commands.search.field import GeoField, NumericField, TagField, TextField
from redis.commands.search.indexDefinition import IndexDefinition, IndexType
from redis.commands.search.query import GeoFilter, NumericFilter, Query
from redis.exceptions import ResponseError


class Search(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server.Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.redis = redis.Redis(port=self.server.port, decode_responses=True, socket_timeout=30)
        self.addCleanup(self.redis.close)
        self.redis.flushall()

    def names(self, result):
        return sorted(doc.id for doc in result.docs)

    def test_driver_profiles_are_json_documents_found_by_rating(self):
        self.redis.json().set("driver:839", "$", {
            "name": "Alicia", "rating": 4.92,
            "vehicle": {"make": "Toyota", "model": "Prius"}, "completed_trips": 1184})
        self.redis.json().set("driver:840", Path.root_path(), {
            "name": "Bert", "rating": 4.4,
            "vehicle": {"make": "Volvo", "model": "V60"}, "completed_trips": 20})
        self.redis.execute_command(
            "FT.CREATE", "idx:drivers", "ON", "JSON", "PREFIX", "1", "driver:", "SCHEMA",
            "$.rating", "AS", "rating", "NUMERIC", "SORTABLE",
            "$.completed_trips", "AS", "trips", "NUMERIC",
            "$.vehicle.make", "AS", "make", "TEXT")
        query = Query("@rating:[4.8 +inf]").paging(0, 10)
        result = self.redis.ft("idx:drivers").search(query)
        self.assertEqual((result.total, result.docs[0].id), (1, "driver:839"))
        self.assertIn('"name":"Alicia"', result.docs[0].json)
        self.assertEqual(self.names(self.redis.ft("idx:drivers").search("@make:volvo")),
                         ["driver:840"])
        self.redis.json().numincrby("driver:840", "$.rating", 0.5)
        self.assertEqual(self.redis.ft("idx:drivers").search(query).total, 2)
        with self.assertRaises(ResponseError):
            self.redis.ft("idx:drivers").search(Query("@rating:[4.8"))

    def test_hashes_with_every_kind_of_field(self):
        ft = self.redis.ft("idx")
        ft.create_index(
            (TextField("title", weight=5.0), TextField("body"), NumericField("price", sortable=True),
             TagField("tags", separator=";"), GeoField("at")),
            definition=IndexDefinition(prefix=["p:"], index_type=IndexType.HASH))
        self.redis.hset("p:1", mapping={"title": "search engine", "body": "of hashes", "price": 10,
                                        "tags": "fast;Small", "at": "13.40,52.52"})
        self.redis.hset("p:2", mapping={"title": "nothing", "body": "searching engines", "price": 20,
                                        "tags": "slow", "at": "2.35,48.85"})
        info = ft.info()
        self.assertEqual((info["index_name"], int(info["num_docs"])), ("idx", 2))
        result = ft.search(Query("search engine").with_scores())
        self.assertEqual([doc.id for doc in result.docs], ["p:1", "p:2"])
        self.assertGreater(result.docs[0].score, result.docs[1].score)
        self.assertEqual(self.names(ft.search("@tags:{small}")), ["p:1"])
        near = Query("*").add_filter(GeoFilter("at", 13.4, 52.5, 10))
        self.assertEqual(self.names(ft.search(near)), ["p:1"])
        dear = Query("*").add_filter(NumericFilter("price", 15, NumericFilter.INF))
        self.assertEqual(self.names(ft.search(dear)), ["p:2"])
        by_price = ft.search(Query("*").sort_by("price", asc=False).return_field("title", as_field="t"))
        self.assertEqual([doc.t for doc in by_price.docs], ["nothing", "search engine"])
        self.assertEqual(self.names(ft.search(Query("engine").limit_ids("p:2"))), ["p:2"])
        self.assertEqual(ft.search(Query("hashes").limit_fields("title")).total, 0)
        self.assertEqual(ft.search(Query("search").no_content().verbatim()).total, 1)
        self.assertEqual(self.names(ft.search(Query("@price:[$low $high]").dialect(2),
                                              query_params={"low": 5, "high": 15})), ["p:1"])
        self.assertEqual(sorted(ft.tagvals("tags")), ["fast", "slow", "small"])
        self.assertIn("NUMERIC", ft.explain("@price:[1 2]"))

    def test_an_index_is_altered_renamed_and_dropped(self):
        ft = self.redis.ft("idx")
        ft.create_index((TextField("a"),), stopwords=["foo"])
        self.redis.hset("d1", mapping={"a": "foo bar", "b": "later"})
        ft.alter_schema_add(TextField("b"))
        self.assertEqual(ft.search("@b:later").total, 1)
        self.assertEqual(ft.search("foo").total, 0)
        ft.aliasadd("other")
        self.assertEqual(self.redis.ft("other").search("bar").total, 1)
        ft.aliasdel("other")
        with self.assertRaises(ResponseError):
            self.redis.ft("other").search("bar")
        ft.dropindex(delete_documents=True)
        self.assertEqual(self.redis.exists("d1"), 0)
        with self.assertRaises(ResponseError):
            ft.info()


if __name__ == "__main__":
    unittest.main(verbosity=2)
