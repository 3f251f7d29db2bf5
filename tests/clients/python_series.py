#!/usr/bin/env python3
"""python3-redis's time series commands, Debian's 4.3.4."""

import unittest

import redis
import server


class Series(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server.Server()
        cls.db = redis.Redis(port=cls.server.port, decode_responses=True, socket_timeout=30)
        cls.ts = cls.db.ts()

    @classmethod
    def tearDownClass(cls):
        cls.db.close()
        cls.server.stop()

    def setUp(self):
        self.db.flushall()

    def test_a_series_is_made_with_all_that_can_be_said_of_it(self):
        self.assertTrue(self.ts.create("a", retention_msecs=10000, uncompressed=True,
                                       chunk_size=128, duplicate_policy="last",
                                       labels={"area": "north", "kind": "pings"}))
        info = self.ts.info("a")
        self.assertEqual((info.retention_msecs, info.chunk_size, info.duplicate_policy),
                         (10000, 128, "last"))
        self.assertEqual(info.labels, {"area": "north", "kind": "pings"})
        self.ts.alter("a", retention_msecs=20000, labels={"area": "south"})
        self.assertEqual(self.ts.info("a").retention_msecs, 20000)
        self.assertEqual(self.ts.queryindex(["area=south"]), ["a"])
        self.assertEqual(self.ts.queryindex(["area=north"]), [])

    def test_samples_come_back_as_given(self):
        self.assertEqual(self.ts.add("a", 1000, 1.5, labels={"x": "y"}, duplicate_policy="max"),
                         1000)
        self.assertEqual(self.ts.add("a", 1000, 0.1, duplicate_policy="max"), 1000)
        self.assertGreater(self.ts.add("now", "*", 1), 10 ** 12)
        self.assertEqual(self.ts.madd([("a", 2000, 2), ("a", 3000, -1e300)]), [2000, 3000])
        self.assertEqual(self.ts.range("a", "-", "+"), [(1000, 1.5), (2000, 2.0), (3000, -1e300)])
        self.assertEqual(self.ts.revrange("a", 0, 2500, count=1), [(2000, 2.0)])
        self.assertEqual(self.ts.get("a"), (3000, -1e300))
        self.assertEqual(self.ts.incrby("n", 5, timestamp=10), 10)
        self.assertEqual(self.ts.decrby("n", 2, timestamp=11), 11)
        self.assertEqual(self.ts.get("n"), (11, 3.0))
        self.assertEqual(self.ts.delete("a", 1000, 2000), 2)
        with self.assertRaisesRegex(redis.ResponseError, "TSDB: the key does not exist"):
            self.ts.get("none")

    def test_ranges_are_folded_into_buckets(self):
        for i in range(100):
            self.ts.add("a", i, i % 7)
        self.assertEqual(len(self.ts.range("a", 0, 500, aggregation_type="avg",
                                           bucket_size_msec=10)), 10)
        self.assertEqual(self.ts.range("a", 0, 29, aggregation_type="count", bucket_size_msec=20,
                                       align="-"), [(0, 20.0), (20, 10.0)])
        self.assertEqual(self.ts.range("a", 0, 99, filter_by_ts=[6, 13, 14], filter_by_min_value=6,
                                       filter_by_max_value=9), [(6, 6.0), (13, 6.0)])

    def test_queries_by_labels_find_series(self):
        for area in ("north", "south"):
            for kind in ("a", "b"):
                self.ts.add(area + kind, 100, len(area + kind), labels={"area": area, "kind": kind})
        found = self.ts.mrange("-", "+", filters=["area=north", "kind!=b"], with_labels=True)
        self.assertEqual(found, [{"northa": [{"area": "north", "kind": "a"}, [(100, 6.0)]]}])
        grouped = self.ts.mrange("-", "+", filters=["kind=(a,b)"], groupby="area", reduce="sum")
        self.assertEqual(grouped, [{"area=north": [{}, [(100, 12.0)]]},
                                   {"area=south": [{}, [(100, 12.0)]]}])
        last = self.ts.mget(["area=south"])
        self.assertEqual([list(one) for one in last], [["southa"], ["southb"]])

    def test_rules_condense_one_series_into_another(self):
        self.ts.create("raw")
        self.ts.create("minutes")
        self.ts.createrule("raw", "minutes", "sum", 60000)
        for i in range(10):
            self.ts.add("raw", i * 20000, 1)
        self.assertEqual(self.ts.range("minutes", "-", "+"),
                         [(0, 3.0), (60000, 3.0), (120000, 3.0)])
        self.assertEqual(self.ts.info("minutes").source_key, "raw")
        self.ts.deleterule("raw", "minutes")
        self.assertEqual(self.ts.info("raw").rules, [])


if __name__ == "__main__":
    unittest.main()
