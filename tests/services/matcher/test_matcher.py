"""The matcher with trouble on its stream: dead readers, poison, silence, and a store that comes back empty."""
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from town import REGION, Town, wait_for

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")
GROUP = "matchers"


class Matcher(unittest.TestCase):
    def setUp(self):
        self.town = Town(STORE, services=("dispatcher", "pricing"), fsync="everysec",
                         extra={"matcher": ["--claim-idle", "1s", "--candidates", "2"]})
        self.town.__enter__()
        self.incoming = self.town.key("rides:incoming:%r")
        self.dead = self.town.key("rides:dead:%r")
        self.ops = self.town.token("ops", "op1")

    def tearDown(self):
        outcome = getattr(self._outcome, "result", None)
        bad = any(test is self for test, _ in outcome.failures + outcome.errors)
        self.town.__exit__(AssertionError if bad else None, AssertionError() if bad else None, None)

    def matcher(self, name="matcher"):
        return self.town.start("matcher", name)

    def ask(self, rider="r1", at=0, **more):
        rider = self.town.rider(rider)
        return rider, rider.request(self.town.place(at), self.town.place(at + 5), **more)["ride_id"]

    def driver(self, number, place=0, **profile):
        return self.town.driver(number, place).register(**profile).online()

    def pending(self):
        groups = self.town.redis.xinfo_groups(self.incoming)
        return groups[0]["pending"] if groups else 0

    def until_it_reads(self):
        """A ride that nobody can have goes through: its read over, the next one waits in the store."""
        rider, ride = self.ask("early")
        wait_for("the ride to be deferred", 5,
                 lambda: self.town.redis.hget(self.town.key("ride:%r:") + ride, "defers") == "1")
        self.assertEqual(rider.cancel(ride)[0], 200)

    def letters(self):
        status, body, _ = self.town.call("dispatcher", "GET",
                                         f"/v1/ops/dead-letters?region={REGION}", self.ops)
        self.assertEqual(status, 200)
        return body["items"]

    def letter(self, act, letter):
        return self.town.call("dispatcher", "POST",
                              f"/v1/ops/dead-letters/{letter['id']}/{act}?region={REGION}", self.ops)

    def test_an_entry_that_names_no_ride_is_a_dead_letter_at_once_and_blocks_nobody(self):
        store = self.town.redis
        garbage = [{"what": "is this"}, {"ride_id": ""}, {"ride_id": "r" * 5000, "attempt": "1"},
                   {"ride_id": "la-1", "attempt": "1"}, {"ride_id": "{sf}", "attempt": "x" * 99}]
        for fields in garbage:
            store.xadd(self.incoming, fields)
        driver = self.driver(1)
        _, ride = self.ask()
        self.matcher()
        self.assertEqual(wait_for("the offer", 5, driver.offer)["ride_id"], ride)
        letters = wait_for("the dead letters", 5,
                           lambda: self.letters() if store.xlen(self.dead) == len(garbage) else None)
        self.assertEqual({x["reason"] for x in letters}, {"unreadable"})
        self.assertEqual(self.pending(), 0)
        status, problem, _ = self.letter("redrive", letters[0])
        self.assertEqual((status, problem["code"]), (404, "not_found"))
        for letter in letters:
            self.assertEqual(self.letter("discard", letter)[0], 204)
        self.assertEqual(self.letters(), [])
        self.assertEqual(self.letter("discard", letters[0])[0], 404)

    def test_a_ride_that_cannot_be_read_is_a_dead_letter_after_five_deliveries(self):
        store = self.town.redis
        broken = f"{REGION}-broken"
        store.set(self.town.key("ride:%r:") + broken, "not a hash")
        store.xadd(self.incoming, {"ride_id": broken, "attempt": "1"})
        self.matcher()
        self.matcher("matcher-2")
        driver = self.driver(1)
        _, ride = self.ask()
        self.assertEqual(wait_for("the offer", 5, driver.offer)["ride_id"], ride)
        self.assertEqual(store.xlen(self.dead), 0, "not yet")
        letter, = wait_for("the dead letter", 20, self.letters)
        self.assertEqual((letter["reason"], letter["deliveries"], letter["ride_id"]),
                         ("unreadable_ride", "5", ""))
        self.assertIn(broken, letter["entry"])
        self.assertEqual(self.pending(), 0)
        self.assertEqual(store.get(self.town.key("ride:%r:") + broken), "not a hash")

    def test_a_poison_message_among_200_rides_blocks_none_of_them(self):
        store, n = self.town.redis, 200
        poison = f"{REGION}-poison"
        store.set(self.town.key("ride:%r:") + poison, "not a hash")
        drivers = [self.town.driver(i, i) for i in range(n)]
        asks = [lambda i=i: (drivers[i].register().online(), self.town.rider(f"r{i}").request(
            self.town.place(i), self.town.place(i + 1)))[1]["ride_id"] for i in range(n)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            rides = list(pool.map(lambda ask: ask(), asks[:n // 2]))
            store.xadd(self.incoming, {"ride_id": poison, "attempt": "1"})
            rides += list(pool.map(lambda ask: ask(), asks[n // 2:]))
        self.matcher()
        self.matcher("matcher-2")

        def waiting():
            return [r for r in rides if store.hget(self.town.key("ride:%r:") + r, "offers") is None]

        wait_for("every ride to be offered", 20, lambda: not waiting())
        letter, = wait_for("the dead letter", 30, self.letters)
        self.assertEqual((letter["reason"], letter["attempt"], letter["deliveries"]), ("unreadable_ride", "1", "5"))
        self.assertIn(poison, letter["entry"])
        self.assertIn("WRONGTYPE", letter["first_error"])
        self.assertIn("WRONGTYPE", letter["last_error"])
        self.assertLess(int(letter["first_error_ms"]), int(letter["last_error_ms"]))
        wait_for("nothing to be pending", 10, lambda: self.pending() == 0)
        self.assertEqual(store.xlen(self.dead), 1)

    def entry_that_killed(self, times):
        """Reads the newest entry as readers that die would: it has been delivered so often."""
        store = self.town.redis
        (_, ((entry, _),)), = store.xreadgroup(GROUP, "victim-0", {self.incoming: ">"}, count=1)
        for i in range(1, times):
            store.xclaim(self.incoming, GROUP, f"victim-{i}", 0, [entry])
        return entry

    def test_an_entry_that_kills_its_readers_is_given_up_redriven_and_discarded(self):
        store = self.town.redis
        store.xgroup_create(self.incoming, GROUP, "0", mkstream=True)
        rider, ride = self.ask("killer")
        self.entry_that_killed(4)
        self.matcher()
        letter, = wait_for("the dead letter", 10, self.letters)
        self.assertEqual((letter["ride_id"], letter["deliveries"], letter["reason"]),
                         (ride, "5", "deliveries"))
        self.assertEqual((rider.ride(ride)["status"], self.pending()), ("failed", 0))

        status, again, _ = self.letter("redrive", letter)
        self.assertEqual((status, again["status"], again["attempt"]), (200, "requested", 2))
        self.assertEqual(self.letters(), [])
        driver = self.driver(1)
        self.assertEqual(wait_for("the offer", 8, driver.offer)["ride_id"], ride)
        status, problem, _ = self.letter("redrive", letter)
        self.assertEqual((status, problem["code"]), (404, "not_found"))

    def test_a_matcher_killed_between_read_and_offer_is_replaced(self):
        first = self.matcher()
        self.until_it_reads()
        os.kill(first.child.pid, signal.SIGSTOP)
        _, ride = self.ask()
        # The store hands the entry to the blocked read of a process that never wakes again.
        wait_for("the entry to be read", 5, lambda: self.pending() == 1)
        first.kill()
        self.matcher("matcher-2")
        driver = self.driver(1)
        self.assertEqual(wait_for("the offer", 8, driver.offer)["ride_id"], ride)
        self.assertEqual(self.pending(), 0)

    def test_who_declined_is_not_asked_again_and_does_not_hide_the_others(self):
        self.matcher()
        near = [self.driver(i) for i in (1, 2)]
        rider, ride = self.ask()
        asked = set()
        while len(asked) < 2:
            driver = wait_for("an offer", 8, lambda: next((d for d in near if d.offer()), None))
            self.assertNotIn(driver.id, asked)
            asked.add(driver.id)
            status, _, _ = driver.act(ride, "decline", offer_id=driver.offer()["offer_id"])
            self.assertEqual(status, 200)
        # --candidates is 2, and the two nearest are ruled out: the third must be found all the same.
        third = self.driver(3, 1)
        self.assertEqual(wait_for("the third's offer", 8, third.offer)["ride_id"], ride)
        self.assertEqual([d.offer() for d in near], [None, None])
        self.assertEqual(rider.ride(ride)["attempt"], 3)

    def metric(self, name):
        return sum(float(line.split()[-1]) for line in self.town.metrics("matcher").splitlines()
                   if re.match(name + r"[ {]", line))

    def test_a_window_is_decided_as_a_whole_and_says_what_that_was_worth(self):
        # On one street: driver at 0, ride at 1, driver at 1.9, ride at 3.5. The nearest pair is not
        # among the two that are nearest in sum.
        near, far = self.driver(1, 0), self.driver(2, 1.9)
        rides = []
        for i, place in enumerate((1, 3.5)):
            rider = self.town.rider(f"w{i}")
            rides.append(rider.request(self.town.place(place), self.town.place(6))["ride_id"])
        self.matcher()
        offers = [wait_for("the offer", 5, d.offer) for d in (near, far)]
        self.assertEqual([o["ride_id"] for o in offers], rides)
        self.assertAlmostEqual(self.metric("hansom_match_cost_ratio"), 2.6 / 4.4, delta=0.05)
        self.assertEqual(self.metric("hansom_match_window_pairs_sum"), 4)

    def test_rides_gather_while_drivers_are_scarce_and_at_once_when_they_are_not(self):
        self.matcher()
        self.driver(1)
        _, ride = self.ask("alone")
        wait_for("the offer", 5, lambda: self.town.redis.hget(
            self.town.key("ride:%r:") + ride, "status") == "offered")
        self.assertLess(self.metric("hansom_match_window_seconds_sum"), 0.01)
        for i in range(6):
            self.ask(f"r{i}")
        # They look again by themselves; before long one round holds several of them.
        wait_for("a window", 15, lambda: self.metric("hansom_match_window_seconds_sum") > 1)
        wait_for("a round of several", 15, lambda: 'rides_bucket{le="1"}' in
                 self.town.metrics("matcher") and self.metric("hansom_match_round_rides_sum") >
                 1.5 * self.metric("hansom_match_round_rides_count"))

    def assigned(self, driver, pickup, rider):
        """A ride from there that this driver, the only idle one, has accepted."""
        rider = self.town.rider(rider)
        ride = rider.request(self.town.place(pickup), self.town.place(3))["ride_id"]
        offer = wait_for("the offer", 8, driver.offer)
        status, answer, _ = driver.act(ride, "accept", offer_id=offer["offer_id"])
        self.assertEqual((status, answer["status"]), (200, "assigned"))
        return rider, ride, answer["lease_id"]

    def test_drivers_on_their_way_exchange_rides_when_that_saves_much(self):
        # Each is on his way to the ride that waits next to the other.
        self.matcher()
        self.matcher("matcher-2")
        west = self.driver(1, 0)
        rider1, ride1, lease1 = self.assigned(west, 5, "r1")
        east = self.driver(2, 6)
        rider2, ride2, lease2 = self.assigned(east, 1, "r2")
        wait_for("the exchange", 10, lambda: rider1.ride(ride1)["driver"]["driver_id"] == east.id)
        first, second = rider1.ride(ride1), rider2.ride(ride2)
        self.assertEqual((first["status"], second["status"], second["driver"]["driver_id"]),
                         ("assigned", "assigned", west.id))
        self.assertLess(max(first["pickup_eta_s"], second["pickup_eta_s"]), 90)
        for driver, old, lease, new in ((west, ride1, lease1, ride2), (east, ride2, lease2, ride1)):
            status, problem, _ = driver.act(old, "arrive", lease_id=lease)
            self.assertEqual((status, problem["code"]), (409, "stale_lease"))
            state = driver.state()
            self.assertEqual(state["ride"]["ride_id"], new)
            status, _, _ = driver.act(new, "arrive", lease_id=state["lease_id"])
            self.assertEqual(status, 200)
        pages = self.town.metrics("matcher") + self.town.metrics("matcher-2")
        self.assertIn('hansom_match_swaps_total{result="done"} 2', pages)
        self.assertNotIn('result="refused"', pages)

    def test_a_product_without_swaps_keeps_its_drivers(self):
        self.town.change_products(lambda p: p.update(swaps=p["id"] != "comfort"))
        self.town.extra["matcher"] += ["--swap-every", "300ms"]
        self.matcher()
        crossed = {}
        for n, product in enumerate(("comfort", "economy")):
            west = self.town.driver(2 * n + 1, 0).register(products=[product]).online()
            first = self.crossed(west, 5, product)
            east = self.town.driver(2 * n + 2, 6).register(products=[product]).online()
            second = self.crossed(east, 1, product)
            crossed[product] = ((*first, west, east), (*second, east, west))
        # Where swaps are on, this is an exchange; the other product crossed before and was looked at too.
        for rider, ride, _, wanted in crossed["economy"]:
            wait_for("the exchange", 10, lambda r=rider, i=ride, d=wanted: r.ride(i)["driver"]["driver_id"] == d.id)
        for rider, ride, first, _ in crossed["comfort"]:
            self.assertEqual(rider.ride(ride)["driver"]["driver_id"], first.id)
        self.assertIn('hansom_match_swaps_total{result="done"} 2', self.town.metrics("matcher"))

    def crossed(self, driver, pickup, product):
        """A ride of the product that this driver has accepted, and its rider."""
        rider = self.town.rider(f"{product}-{pickup}")
        places = self.town.place(pickup), self.town.place(3)
        quote = rider.quote(*places, product=product)
        status, ride, _ = rider.create({"quote_token": quote["quote_token"], "pickup": places[0],
                                        "dropoff": places[1]})
        self.assertEqual(status, 201, ride)
        offer = wait_for("the offer", 8, driver.offer)
        self.assertEqual(driver.act(ride["ride_id"], "accept", offer_id=offer["offer_id"])[0], 200)
        return rider, ride["ride_id"]

    def trace(self, ride, token=None):
        status, body, _ = self.town.call("dispatcher", "GET", f"/v1/rides/{ride}/match_trace",
                                         token or self.ops)
        return body["items"] if status == 200 else status

    def test_the_trace_names_every_candidate_and_the_gate_that_dropped_him(self):
        self.matcher()
        near, next_, poor = self.driver(1), self.driver(2, 1, rating=4.9), self.driver(3, 1, rating=3.9)
        rider, ride = self.ask()
        offer = wait_for("the offer", 5, near.offer)
        first, = wait_for("the trace", 5, lambda: self.trace(ride))
        self.assertEqual((first["attempt"], first["window_rides"], first["result"], first["driver_id"]),
                         (1, 1, "offered", near.id))
        self.assertEqual({c["driver_id"]: c["gate"] for c in first["candidates"]},
                         {near.id: "offered", next_.id: "farther"}) # --candidates is 2
        near.act(ride, "decline", offer_id=offer["offer_id"])
        wait_for("the second offer", 5, lambda: next_.offer() or poor.offer())
        second = wait_for("the second trace", 5, lambda: self.trace(ride)[1:])[0]
        self.assertEqual(second["attempt"], 2)
        self.assertEqual([c["gate"] for c in second["candidates"] if c["driver_id"] == near.id], ["excluded"])
        self.assertEqual([self.trace(ride, token) for token in (rider.token, near.token)], [403, 403])
        self.assertEqual(self.trace(f"{REGION}-unknown"), 404)
        picky = self.town.rider("picky").request(self.town.place(0), self.town.place(5),
                                                 constraints={"min_rating": 5.0})["ride_id"]
        gates = wait_for("its trace", 5, lambda: self.trace(picky))[0]
        self.assertEqual((gates["result"], {c["gate"] for c in gates["candidates"]}), ("deferred", {"rating"}))
        key = self.town.key("match-trace:%r:") + ride
        self.assertGreater(self.town.redis.pttl(key), 0)

    def test_a_driver_whom_the_store_refuses_is_in_the_trace(self):
        busy, free = self.driver(1), self.driver(2, 1)
        _, ride = self.ask()
        reconciler = self.town.processes["dispatcher"].child
        os.kill(reconciler.pid, signal.SIGSTOP)  # or it mends what is planted here
        self.town.redis.hset(self.town.key("driver-state:%r:") + busy.id, "state", "on_trip")
        self.matcher()
        wait_for("the offer", 5, lambda: self.town.redis.hget(
            self.town.key("driver-state:%r:") + free.id, "offer"))
        os.kill(reconciler.pid, signal.SIGCONT)
        gates = {c["driver_id"]: c["gate"] for c in wait_for("the trace", 5, lambda: self.trace(ride))[0]["candidates"]}
        self.assertEqual(gates, {busy.id: "not_idle", free.id: "offered"})

    def product(self, **more):
        """A matcher, and a dispatcher, whose economy product is as shipped, but for these properties."""
        self.town.change_products(lambda p: p.update(more) if p["id"] == "economy" else None)
        self.town.extra["matcher"] = ["--candidates", "8"]
        self.town.stop("dispatcher")
        self.town.start("dispatcher")
        return self.matcher()

    def about_to_finish(self, driver, drop_off):
        """The driver carries somebody from place 0, and stands where the trip ends."""
        rider = self.town.rider("carried")
        ride = rider.request(self.town.place(0), self.town.place(drop_off))["ride_id"]
        offer = wait_for("the offer", 8, driver.offer)
        lease = driver.act(ride, "accept", offer_id=offer["offer_id"])[1]["lease_id"]
        self.assertEqual(driver.act(ride, "arrive", lease_id=lease)[0], 200)
        code = rider.ride(ride)["start_code"]
        self.assertEqual(driver.act(ride, "start", lease_id=lease, start_code=code)[0], 200)
        wait_for("him to be free soon", 8, lambda: self.town.redis.zscore(
            self.town.key("drivers:soon:%r:") + "economy", driver.id))
        return ride, lease

    def test_a_driver_who_ends_a_trip_soon_is_offered_the_next_ride_already(self):
        self.product(forward=True)
        driver = self.driver(1)
        ride, lease = self.about_to_finish(driver, 2)
        rider = self.town.rider("next")
        after = rider.request(self.town.place(2.2), self.town.place(5))["ride_id"]
        offer = wait_for("the offer", 5, driver.offer)
        self.assertEqual(offer["ride_id"], after)
        self.assertEqual(driver.act(after, "accept", offer_id=offer["offer_id"])[0], 200)
        self.assertEqual((driver.state()["ride"]["ride_id"], driver.state()["next_ride"]), (ride, after))
        self.assertEqual(driver.act(ride, "complete", lease_id=lease)[0], 200)
        self.assertEqual(driver.state()["ride"]["ride_id"], after)
        gates, = (w["candidates"] for w in self.trace(after) if w["result"] == "offered")
        self.assertEqual([c["gate"] for c in gates], ["offered"])

    def test_who_is_idle_is_preferred_to_who_needs_longer_to_be_free(self):
        self.product(forward=True)
        busy = self.driver(1)
        self.about_to_finish(busy, 4) # he stands at place 0, and has 4 to go
        idle = self.driver(2, 3)
        _, ride = self.ask("asks", at=4)
        self.assertEqual(wait_for("the offer", 5, idle.offer)["ride_id"], ride)
        window = wait_for("the trace", 5, lambda: self.trace(ride))[-1]
        ways = {c["driver_id"]: (c["gate"], c["pickup_eta_s"]) for c in window["candidates"]}
        self.assertEqual(ways[busy.id][0], "farther")
        self.assertGreater(ways[busy.id][1], ways[idle.id][1])

    def test_without_forward_dispatch_nobody_on_a_trip_is_asked(self):
        self.matcher()
        driver = self.driver(1)
        self.about_to_finish(driver, 2)
        _, ride = self.ask("asks")
        window = wait_for("its trace", 5, lambda: self.trace(ride))[0]
        self.assertEqual((window["result"], window["candidates"]), ("deferred", []))

    def test_a_broadcast_goes_to_the_nearest_and_the_first_accept_wins(self):
        self.product(offers=3)
        drivers = [self.driver(i, i / 2) for i in (1, 2, 3, 4)]
        rider, ride = self.ask()
        offers = [wait_for("the offer", 5, d.offer) for d in drivers[:3]]
        self.assertEqual({o["ride_id"] for o in offers}, {ride})
        window = wait_for("the trace", 5, lambda: self.trace(ride))[0]
        self.assertEqual(window["driver_id"].split(), [d.id for d in drivers[:3]])
        gates = {c["driver_id"]: c["gate"] for c in window["candidates"]}
        self.assertEqual([gates[d.id] for d in drivers], ["offered"] * 3 + ["farther"])
        self.assertIsNone(drivers[3].offer())
        status, answer, _ = drivers[1].act(ride, "accept", offer_id=offers[1]["offer_id"])
        self.assertEqual((status, answer["status"]), (200, "assigned"))
        status, problem, _ = drivers[0].act(ride, "accept", offer_id=offers[0]["offer_id"])
        self.assertEqual((status, problem["code"]), (409, "ride_taken"))
        self.assertEqual([d.state()["state"] for d in drivers], ["idle", "assigned", "idle", "idle"])
        self.assertEqual(rider.ride(ride)["driver"]["driver_id"], drivers[1].id)

    def test_constraints_are_checked_exactly(self):
        self.matcher()
        wanted = {"min_rating": 4.8, "vehicle": "prius", "language": "es", "accessible": True}
        fits = {"rating": 4.8, "languages": ["en", "es"], "accessible": True}
        plain = [self.driver(1, **{**fits, "rating": 4.79}), self.driver(2, **{**fits, "languages": ["en"]}),
                 self.driver(3, **{**fits, "accessible": False}),
                 self.driver(4, **{**fits, "vehicle": {"make": "Ford", "model": "Prius-like"}})]
        _, ride = self.ask(constraints=wanted)
        good = self.driver(5, 2, **fits)
        self.assertEqual(wait_for("the offer", 8, good.offer)["ride_id"], ride)
        self.assertEqual([d.offer() for d in plain], [None] * 4)

    def test_it_goes_on_when_the_store_returns_also_when_that_is_empty(self):
        if STORE != "redis":
            self.skipTest("the outage is tested in tests/e2e/kills.py with hansom-store")
        self.matcher()
        self.until_it_reads()
        self.town.store.kill()
        before = self.cpu("matcher"), self.cpu("dispatcher")
        status, problem, head = self.town.call("dispatcher", "GET", f"/v1/drivers/{REGION}-1/state",
                                               self.town.token("driver", f"{REGION}-1"))
        self.assertEqual((status, problem["code"]), (503, "store_unavailable"))
        self.assertIn("Retry-After", head)
        done = threading.Event()
        done.wait(2) # that idling costs nothing shows only with time
        self.assertLess(self.cpu("matcher") - before[0], 0.5, "no busy loop while the store is away")
        self.assertLess(self.cpu("dispatcher") - before[1], 0.5, "no busy loop while the store is away")
        shutil.rmtree(os.path.join(self.town.dir, "data"))
        self.town.start_store()
        driver = self.town.driver(1)
        wait_for("the dispatcher", 10, lambda: self.town.call(
            "dispatcher", "GET", f"/v1/ops/overview?region={REGION}", self.ops)[0] == 200)
        driver.register().online()
        trip = {"pickup": self.town.place(0), "dropoff": self.town.place(5)}
        wait_for("pricing", 10, lambda: self.town.call("pricing", "POST", "/v1/quotes", self.town.token(
            "rider", "r1"), trip)[0] == 201)
        _, ride = self.ask()
        self.assertEqual(wait_for("the offer", 10, driver.offer)["ride_id"], ride)

    def cpu(self, name):
        with open(f"/proc/{self.town.processes[name].child.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_a_drain_leaves_nothing_that_was_read_unfinished(self):
        self.matcher()
        self.matcher("matcher-2")
        riders = [self.town.rider(f"r{i}") for i in range(20)]
        bodies = [r.body(self.town.place(0), self.town.place(5)) for r in riders]
        threads = [threading.Thread(target=r.create, args=(b,)) for r, b in zip(riders, bodies)]
        for i, t in enumerate(threads):
            t.start()
            if i == 10:
                self.town.processes["matcher"].child.send_signal(signal.SIGTERM)
        for t in threads:
            t.join()
        self.town.processes["matcher"].child.wait(10)
        self.town.stop("matcher") # asserts that it ended with 0
        wait_for("nothing to be pending", 5, lambda: self.pending() == 0)
        self.assertEqual(self.town.redis.xlen(self.dead), 0)

    def test_a_second_signal_ends_it_in_the_middle_of_a_round_and_another_goes_on(self):
        first = self.matcher()
        self.until_it_reads()
        os.kill(self.town.store.child.pid, signal.SIGSTOP)  # a round begun now waits for its answers
        asked = threading.Thread(target=self.ask)
        try:
            asked.start()
            for _ in range(2):
                first.child.send_signal(signal.SIGTERM)
                wait_for("the signal to be heard", 5, lambda: "draining" in self.town.tail("matcher"))
            self.assertEqual(first.child.wait(5), 1)
        finally:
            os.kill(self.town.store.child.pid, signal.SIGCONT)
        first.ended_by_test = True
        self.assertIn("ended_by_second_signal", self.town.tail("matcher"))
        asked.join()
        self.matcher("matcher-2")
        wait_for("the offer", 10, self.driver(1).offer)

    def test_the_metrics_have_their_names_and_promtool_likes_them(self):
        self.matcher()
        driver = self.driver(1)
        self.ask()
        wait_for("the offer", 5, driver.offer)
        streams = [f'hansom_stream_{what}{{stream="rides-incoming",group="{GROUP}",region="{REGION}"}}'
                   for what in ("lag", "pending", "oldest_pending_seconds",
                                "oldest_undelivered_seconds", "deliveries_max")]
        streams += [f'hansom_stream_length{{stream="rides-incoming",region="{REGION}"}}',
                    f'hansom_dead_letters{{stream="rides-dead",region="{REGION}"}}']
        wait_for("the stream figures", 10, lambda: all(
            s in self.town.metrics("dispatcher") for s in streams))
        self.town.stop("matcher") # they exist with zero matchers
        _, waits = self.ask("r2")
        wait_for("the lag", 10, lambda: 'rides-incoming",group="matchers",region="sf"} 1' in "".join(
            line for line in self.town.metrics("dispatcher").splitlines()
            if line.startswith("hansom_stream_lag")))
        page = self.town.metrics("dispatcher")
        for name in ("hansom_rides_total", "hansom_http_request_seconds",
                     "hansom_store_command_seconds"):
            self.assertIn(f"# TYPE {name} ", page)
        self.assertTrue(waits)
        self.assertNotIn(":", re.sub(r"#.*|\d:\d", "", "".join(
            line for line in page.splitlines() if line.startswith("hansom_stream"))))
        if shutil.which("promtool") is None:
            print("promtool is not installed: the page was not checked by it", file=sys.stderr)
            return
        subprocess.run(["promtool", "check", "metrics"], input=page.encode(), check=True)


if __name__ == "__main__":
    unittest.main()
