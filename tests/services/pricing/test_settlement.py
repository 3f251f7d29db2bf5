"""pricing: every completed ride gets its final fare, exactly once, whatever dies."""

import json
from collections import Counter

from town import DROPOFF, EVENTS, PICKUP, TestCase, harness
from harness import until


class Settlement(TestCase):
    services = {"pricing": ["--claim-after", "200ms", "--regions", "sf"]}

    def setUp(self):
        super().setUp()
        self.store.life("heartbeat", "sf", "run-a")

    def final(self, ride):
        until(lambda: self.settled(ride), "the settlement of " + ride)
        return json.loads(self.ride(ride)["final_fare"])

    def test_the_quote_holds(self):
        claims = self.claims(self.quote())
        ride = self.create(claims)
        self.drive(ride, end=DROPOFF)
        self.assertEqual(self.final(ride), {"amount_minor": claims["fare_minor"],
                                            "currency": "USD", "reason": "quote"})
        until(lambda: self.pending() == 0, "all to be acknowledged")
        self.assertEqual(self.settle_events(), [ride])
        self.assertEqual(self.ride(ride)["status"], "completed")

    def test_another_dropoff_costs_what_was_driven(self):
        claims = self.claims(self.quote())
        ride = self.create(claims)
        self.drive(ride, end={"lat": 37.60, "lon": -122.40})
        final = self.final(ride)
        self.assertEqual(final["reason"], "dropoff_changed")
        self.assertGreater(final["amount_minor"], claims["fare_minor"])

    def test_without_an_end_the_quote_holds(self):
        claims = self.claims(self.quote())
        ride = self.create(claims)
        self.drive(ride)
        self.assertEqual(self.final(ride)["amount_minor"], claims["fare_minor"])

    def test_a_ride_whose_quote_cannot_be_read_costs_its_fare(self):
        ride = self.create({"fare_minor": 4321})
        self.drive(ride, end=PICKUP)
        self.assertEqual(self.final(ride)["amount_minor"], 4321)

    def test_events_that_are_no_work_are_acknowledged(self):
        self.db.xadd(EVENTS, {"type": "complete", "ride_id": "no such ride"})
        self.db.xadd(EVENTS, {"type": "complete", "ride_id": "sf-GONE"})
        self.db.xadd(EVENTS, {"type": "complete", "ride_id": "la-1"})
        self.db.xadd(EVENTS, {"nonsense": "x"})
        last = self.db.xadd(EVENTS, {"type": "create", "ride_id": "sf-X"})

        def done():
            groups = [g for g in self.db.xinfo_groups(EVENTS) if g["name"] == "pricing"]
            return groups and groups[0]["last-delivered-id"] == last and groups[0]["pending"] == 0
        until(done, "the queue to be empty")

    def test_what_a_dead_process_had_read_is_claimed_and_settled_once(self):
        claims = self.claims(self.quote())
        service = self.running["pricing"]
        self.assertEqual(service.stop(), 0)
        self.store.clear()
        self.store.life("heartbeat", "sf", "run-a")
        self.db.xgroup_create(EVENTS, "pricing", "0", mkstream=True)
        ride = self.create(claims)
        self.drive(ride, end=DROPOFF)
        self.db.xreadgroup("pricing", "the-dead", {EVENTS: ">"}, count=1000)
        self.assertGreater(self.pending(), 0)
        service.launch()
        service.wait_ready()
        self.final(ride)
        until(lambda: self.pending() == 0, "the claim")
        self.assertEqual(self.settle_events(), [ride])

    def test_killed_in_the_middle_each_ride_is_settled_exactly_once(self):
        claims = self.claims(self.quote())
        service = self.running["pricing"]
        self.assertEqual(service.stop(), 0)
        rides = []
        for _ in range(150):
            rides.append(self.create(claims))
            self.drive(rides[-1], end=DROPOFF)

        # Killed again and again, as soon as something more was settled.
        kills = 0
        while kills < 5 and len(self.settle_events()) < len(rides):
            before = len(self.settle_events())
            service.launch()
            until(lambda: len(self.settle_events()) > before, "a settlement")
            service.kill()
            kills += 1
        service.launch()
        service.wait_ready()
        until(lambda: len(set(self.settle_events())) == len(rides), "all settlements")
        until(lambda: self.pending() == 0, "all to be acknowledged")
        self.assertEqual(Counter(self.settle_events()), Counter(rides))
        self.assertGreater(kills, 0)
        for ride in rides:
            self.assertEqual(self.ride(ride)["version"], "7")
            self.assertEqual(json.loads(self.ride(ride)["final_fare"])["amount_minor"],
                             claims["fare_minor"])

    def test_two_processes_share_the_work_and_settle_once(self):
        claims = self.claims(self.quote())
        other = harness.Service("pricing", self.store, "--claim-after", "200ms", "--regions", "sf")
        try:
            rides = []
            for _ in range(30):
                rides.append(self.create(claims))
                self.drive(rides[-1], end=DROPOFF)
            until(lambda: len(set(self.settle_events())) == len(rides), "all settlements")
            self.assertEqual(Counter(self.settle_events()), Counter(rides))
        finally:
            self.assertEqual(other.stop(), 0)

    def test_a_store_that_comes_back_empty_gets_its_group_again(self):
        self.store.kill()
        self.store.start()
        type(self).db = self.store.db
        self.store.clear()
        self.store.life("heartbeat", "sf", "run-b")
        ride = self.create({"fare_minor": 700})
        self.drive(ride)
        self.assertEqual(self.final(ride)["amount_minor"], 700)


if __name__ == "__main__":
    harness.main()
