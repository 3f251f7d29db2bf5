"""What the tests of pricing share: trips in San Francisco, and rides driven by the lifecycle."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness

REGION = "sf"
EVENTS = "rides:events:{sf}"
IDLE = "drivers:idle:{sf}:economy"
PICKUP = {"lat": 37.7749, "lon": -122.4194}
DROPOFF = {"lat": 37.7949, "lon": -122.4094}
CODE = "4711"


def cell_of(lat, lon):
    """The first 30 bits of the 52-bit score, as 8 hex digits; computed the slow way."""
    low, high = [-85.05112878, -180.0], [85.05112878, 180.0]
    at, bits = [lat, lon], 0
    for i in range(30):
        axis = 1 - i % 2
        middle = (low[axis] + high[axis]) / 2
        bit = at[axis] >= middle
        (low if bit else high)[axis] = middle
        bits = bits * 2 + bit
    return "%08x" % bits


class TestCase(harness.TestCase):
    rides = 0

    def quote(self, sub="r-1", **more):
        body = dict({"pickup": PICKUP, "dropoff": DROPOFF}, **more)
        return self.http("pricing", "POST", "/v1/quotes", body, role="rider", sub=sub)

    def claims(self, reply):
        return json.loads(harness.unb64(reply.json["quote_token"].split(".")[2]))

    def life(self, name, *args):
        code, ride, extras = self.store.life(name, REGION, *args)
        self.assertEqual(code, "ok", (name, args, extras))
        return ride, extras

    def create(self, claims, rider=None):
        TestCase.rides += 1
        ride = "sf-R%05d" % TestCase.rides
        self.life("ride_create", rider or "r-%s" % ride, "", "h", ride, CODE, "economy", "", "tp",
                  "pickup", json.dumps(PICKUP), "dropoff", json.dumps(DROPOFF), "stops", "[]",
                  "stops_n", 0, "pickup_lat", PICKUP["lat"], "pickup_lon", PICKUP["lon"],
                  "fare", json.dumps({"amount_minor": claims["fare_minor"], "currency": "USD"}),
                  "fare_minor", claims["fare_minor"], "currency", "USD",
                  "quote", json.dumps(claims), "quote_id", claims.get("quote_id", ""),
                  "duration_s", 600, "pickup_eta_s", 90, "quote_eta_s", 90)
        return ride

    def drive(self, ride, driver="sf-d1", end=None):
        """Takes a requested ride to its end."""
        self.life("driver_online", driver, PICKUP["lat"], PICKUP["lon"], "economy", "")
        lease = self.life("ride_offer", ride, 1, driver, "", 50)[1]["offer_id"]
        self.life("ride_accept", ride, driver, lease, "")
        self.life("ride_arrive", ride, driver, lease, "")
        self.life("ride_start", ride, driver, lease, "", CODE)
        at = (end["lat"], end["lon"]) if end else ("", "")
        self.life("ride_complete", ride, driver, lease, "", *at)

    def ride(self, ride):
        return self.db.hgetall("ride:{sf}:" + ride)

    def settled(self, ride):
        return self.ride(ride).get("settled_ms")

    def settle_events(self):
        """Rides by the settle events of the outbox, one entry an event."""
        return [f["ride_id"] for _, f in self.db.xrange(EVENTS) if f["type"] == "settle"]

    def pending(self):
        return self.db.xpending(EVENTS, "pricing")["pending"]
