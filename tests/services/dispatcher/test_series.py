"""GET /v1/ops/series: what the services count is shown over time, once, and a store that has no series costs a line."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "lifecycle")]
import city
import harness
from harness import now_ms, token, until
from test_deadlines import Here

QUICK = ["--regions", "la", "--series-interval", "50ms"]
WRITERS = ("pricing", "matcher", "location-ingest")


class Town(city.City):
    def clear(self):
        """The store is clear, and the services make their groups."""
        self.call("heartbeat", "run-a")


class Series(harness.TestCase):
    services = {"dispatcher": ["--regions", "la"], "pricing": QUICK + ["--surge-interval", "100ms"],
                "matcher": QUICK, "location-ingest": QUICK}

    def setUp(self):
        super().setUp()
        self.city = Town(Here(self.store))
        self.known = self.city.has_family("TS.ADD")

    def get(self, query="", role="ops", region="la"):
        return self.http("dispatcher", "GET", "/v1/ops/series?region=%s&%s" % (region, query), role=role)

    def needs_series(self):
        if not self.known:
            self.skipTest("this store has no time series")

    def shown(self, figure, step=10, product=None):
        reply = self.get("figure=%s&step=%d" % (figure, step))
        self.assertEqual(reply.status, 200, reply)
        (series,) = [s for s in reply.json["series"] if s.get("product") == product]
        return series["values"]

    def total(self, figure, step=10, product=None):
        return round(sum(v for v in self.shown(figure, step, product) if v is not None), 6)

    def drive(self, driver, points):
        self.city.online(driver)
        body = {"points": [{"lat": 34.05, "lon": -118.24, "ts_ms": now_ms() - 1000 * (points - i)} for i in range(points)]}
        reply = self.http("location-ingest", "POST", "/v1/drivers/%s/locations" % driver, body,
                          bearer=token("driver", driver, "la"))
        self.assertEqual((reply.status, reply.json["accepted"]), (202, points), reply)

    def test_what_is_counted_is_shown_at_every_step(self):
        self.needs_series()
        self.drive("la-series", 3)
        for rider in ("r-1", "r-2"):
            self.assertEqual(self.city.create(rider).code, "ok")
        until(lambda: self.total("demand", product="economy") == 2, "the demand")
        until(lambda: self.total("matches") == 1, "the match")
        until(lambda: self.total("ping_rate") == 0.3, "the pings")
        for step in (10, 60, 600, 3600, 7200, 86400):
            self.assertEqual(self.total("demand", step, "economy"), 2, step)
            self.assertEqual(self.total("matches", step), 1, step)
            self.assertAlmostEqual(self.total("ping_rate", step) * step, 3, 1, step)
            self.assertEqual(max(v for v in self.shown("surge", step) if v is not None), 1)
            self.assertEqual(self.total("match_ms", step), self.total("match_ms_max", step), step)
        until(lambda: self.shown("supply", product="economy")[-1] == 0, "the supply")  # a bucket may just have begun
        everything = self.get().json
        figures = {(s["figure"], s.get("product")) for s in everything["series"]}
        self.assertGreaterEqual(figures, {("demand", "economy"), ("supply", "economy"), ("surge", None),
                                          ("ping_rate", None), ("match_ms", None)})
        self.assertEqual(everything["step_s"], 60)
        self.assertEqual({len(s["values"]) for s in everything["series"]}, {61})
        labels = {"region=la", "level=raw"}
        self.assertIn("ts:{la}:surge:raw", self.db.execute_command("TS.QUERYINDEX", *labels))

        # Who leads pricing next reads the same entries again, and they count once.
        pricing = self.running["pricing"]
        pricing.kill()
        pricing.launch()
        pricing.wait_ready()
        self.assertEqual(self.city.create("r-3").code, "ok")
        until(lambda: self.total("demand", product="economy") >= 3, "the demand")
        self.assertEqual(self.total("demand", product="economy"), 3)
        self.assertEqual(self.total("demand", 3600, "economy"), 3)

    def test_series_that_are_gone_are_made_again(self):
        self.needs_series()
        self.drive("la-gone1", 1)
        until(lambda: self.total("ping_rate") == 0.1, "the ping")
        self.db.delete("ts:{la}:pings:raw")
        self.drive("la-gone2", 2)
        until(lambda: round(self.total("ping_rate", 60) * 60, 1) >= 2, "the pings")
        rules = self.db.execute_command("TS.INFO", "ts:{la}:pings:raw")
        self.assertEqual(len(dict(zip(rules[::2], rules[1::2]))["rules"]), 2)

    def test_nothing_is_known_where_nobody_wrote(self):
        self.needs_series()
        early = self.get("from=2026-01-01T00:30:00Z&to=2026-01-01T03:00:00Z&step=3600&figure=surge").json
        self.assertEqual((early["from"], early["to"]), ("2026-01-01T00:00:00.000Z", "2026-01-01T03:00:00.000Z"))
        self.assertEqual(early["series"], [{"figure": "surge", "values": [None] * 3}])

    def test_wrong_questions(self):
        for bad in ("step=15", "step=0", "step=86410", "step=x", "figure=stars", "from=yesterday",
                    "from=2026-11-27T10:00:00Z&to=2026-11-27T10:00:00Z", "step=10&from=2026-01-01T00:00:00Z",
                    "step=60&from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z",
                    "step=3600&from=2000-01-01T00:00:00Z&to=2000-01-01T01:00:00Z"):
            self.refused(self.get(bad), 422, "invalid_value")
        self.refused(self.get(region="nowhere"), 404, "not_found")
        for role in ("rider", "driver"):
            self.refused(self.get(role=role), 403, "forbidden")

    def test_a_store_without_series_is_told_of_once(self):
        if self.known:
            self.skipTest("this store has time series")
        self.drive("la-plain", 1)
        until(lambda: all("series_unsupported" in self.running[w].logged() for w in ("pricing", "location-ingest")),
              "the lines")
        self.refused(self.get(), 501, "not_supported")

        def refusals():
            return int(re.search(r"\d+", str(self.db.info("errorstats")["errorstat_ERR"])).group())
        before = refusals()
        self.db.client_kill_filter(_type="normal")
        until(lambda: refusals() >= before + 5, "the second try")
        for writer in WRITERS:
            self.assertLessEqual(self.running[writer].logged().count("series_"), 1, writer)


if __name__ == "__main__":
    harness.main()
