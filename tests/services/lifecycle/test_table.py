"""The whole table: every state against every event, of rides and of drivers.

Goal: what ride_state.def allows happens, once, with one version and one event; whatever else is
asked changes nothing at all.
Method: a ride in each state; each event as its rightful actor would cause it; everything stored is
compared before and after.
"""

import unittest

import city
from city import LIMITS, MOVES, DRIVER_MOVES, TIMERS

STATES = [row[0].lower() for row in city.table("RIDE_STATE")]
EVENTS = [row[0].lower() for row in city.table("RIDE_EVENT")]
DRIVER_STATES = [row[0].lower() for row in city.table("DRIVER_STATE")]


def act(name, *more):
    return lambda c, ride, driver, lease: c.call(name, ride, driver, lease, "", *more)


def timer(kind):
    return lambda c, ride, driver, lease: c.fire(kind + ":" + ride)


def match(name):
    def go(c, ride, driver, lease):
        attempt = c.ride(ride)["attempt"]
        return c.call(name, ride, attempt, "la-d2", "", 40)
    return go


def dark(c, ride, driver, lease):
    if c.ride(ride)["status"] == "assigned":
        return c.fire("pickup:" + ride)
    return c.call("driver_dark", driver)


def swap_legs(c, ride, driver):
    """The ride and one that waits for la-d2, with each other's drivers."""
    other = c.driver("la-d2")["ride"]
    return [x for leg in ((ride, "la-d2"), (other, driver)) for x in
            (leg[0], c.ride(leg[0])["version"], c.ride(leg[0]).get("lease", ""), leg[1], 40)]


ACTIONS = {
    "lead_time": timer("scheduled"),
    "rider_busy": timer("scheduled"),
    "offer": match("ride_offer"),
    "assign": match("ride_assign"),
    "pass": act("ride_decline"),
    "decline": act("ride_decline"),
    "offer_timeout": timer("offer"),
    "driver_dark": dark,
    "driver_stalled": timer("pickup"),
    "driver_retreated": timer("pickup"),
    "driver_free": lambda c, ride, driver, lease: c.call(
        "ride_complete", c.driver(driver).get("ride", ride), driver, c.driver(driver).get("lease", lease),
        "", "", "") if c.ride(ride).get("queued") else c.call("ride_get", "la-NONE"),
    "accept": act("ride_accept"),
    "deadline": timer("deadline"),
    "swap": lambda c, ride, driver, lease: c.call("ride_swap", *swap_legs(c, ride, driver)),
    "arrive": act("ride_arrive"),
    "start": act("ride_start", city.CODE),
    "no_show": act("ride_no_show"),
    "reach_stop": act("ride_reach_stop", 1),
    "complete": act("ride_complete", "", ""),
    "settle": lambda c, ride, driver, lease: c.call("ride_settle", ride, '{"amount_minor":1}', 1, "", ""),
    "rate": lambda c, ride, driver, lease: c.call("ride_rate", ride, "rider-1", "rider", 4, ""),
    "rider_cancel": lambda c, ride, driver, lease: c.call(
        "ride_cancel", ride, "rider-1", "", "", "rider", "late", ""),
    "driver_cancel": act("ride_cancel", "driver", "flat_tyre", ""),
    "give_up": act("ride_cancel", "driver", "flat_tyre", ""),
    "ops_cancel": lambda c, ride, driver, lease: c.call(
        "ride_cancel", ride, "ops", "", "", "ops", "fraud", 300),
    "dead_letter": lambda c, ride, driver, lease: c.call(
        "ride_dead_letter", ride, c.ride(ride)["attempt"], "", "crash", 5, "raw"),
    "redrive": lambda c, ride, driver, lease: c.call("ride_redrive", ride, ""),
}


def queued(c):
    """A ride that waits for its driver to finish another one."""
    c.nearly_done("la-d1", "rider-2")
    ride = c.create("rider-1").ride["ride_id"]
    lease = c.offer(ride, "la-d1").extra["offer_id"]
    c.accept(ride, "la-d1", lease)
    return ride, "la-d1", lease


def prepare(c, state, event):
    """A ride in the state, and the circumstances that the event's guard asks for."""
    if event == "driver_free" and state == "assigned":
        return queued(c)
    ride, driver, lease = c.reach(state)
    if event == "pass" and state == "offered":
        c.call("ride_decline", ride, driver, lease, "")
        c.online("la-d2")
        c.online("la-d3")
        return ride, "la-d2", c.broadcast(ride, ["la-d2", "la-d3"]).extra["offer_id"]
    if event in ("driver_stalled", "driver_retreated"):
        far = 34.0 if event == "driver_stalled" else 33.9
        if state == "assigned":
            c.place(driver, 34.0, -118.24)
            c.fire("pickup:" + ride)
            c.db.hset(city.ride_key(ride), "watch_still_s",
                      (LIMITS["STALL_MS"] + LIMITS["STALL_GRACE_MS"]) / 1000)
            c.place(driver, far, -118.24)
    if event in ("offer", "assign"):
        c.online("la-d2")
    if event == "swap":
        c.reach("assigned", "la-d2", "rider-2")
    if event == "reach_stop":
        c.db.hset(city.ride_key(ride), "stops_n", 1)
    if event == "give_up":
        c.db.hset(city.ride_key(ride), "releases", LIMITS["RELEASES_MAX"])
    if event == "offer_timeout":
        c.later(LIMITS["OFFER_MS"] + LIMITS["OFFER_GRACE_MS"] + 1)
    if event == "deadline":
        c.later(LIMITS["MATCH_MS"] + 1)
    if event == "no_show":
        c.later(LIMITS["NO_SHOW_MS"] + 1)
    if event in ("lead_time", "rider_busy"):
        c.later(3600 * 1000)
        if event == "rider_busy" and state == "scheduled":
            c.create("rider-1")
    if event == "driver_dark":
        c.later(LIMITS["DARK_MS"] + 1)
        if state == "assigned":
            c.call("driver_dark", driver)
            c.later(LIMITS["PICKUP_DARK_MS"])
    return ride, driver, lease


class Table(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = city.Server()
        cls.city = city.City(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_every_event_of_the_table_is_tried(self):
        self.assertEqual(set(ACTIONS) | {"create"}, set(EVENTS))

    def test_every_state_against_every_event(self):
        c = self.city
        for state in STATES:
            for event in ACTIONS:
                with self.subTest(state=state, event=event):
                    c.clear()
                    self.one(c, state, event)

    def one(self, c, state, event):
        ride, driver, lease = prepare(c, state, event)
        self.assertEqual(c.ride(ride)["status"], state)
        before, was = c.dump(), c.ride(ride)
        answer = ACTIONS[event](c, ride, driver, lease)
        now = c.ride(ride)
        to = MOVES.get((state, event))
        if event == "pass" and to is None:
            return  # the same call as a decline
        if to is not None:
            self.assertEqual(answer.code, "ok")
            self.assertEqual(now["status"], to)
            self.assertEqual(int(now["version"]), int(was["version"]) + 1)
            last = c.events(ride)[-1]
            self.assertEqual((last["type"], last["from"], last["to"]), (event, state, to))
            c.check()
            return
        self.assertTrue(answer.code != "ok" or answer.extra.get("replayed") == "1" or
                        answer.extra.get("did") == "nothing" or event in ("driver_dark", "redrive",
                                                                         "give_up"), answer)
        if event == "driver_dark":
            self.assertEqual(now, was)  # the driver goes dark, and the ride does not mind
        else:
            self.assertEqual(c.dump(), before)

    def driver_in(self, c, state):
        if state in ("offered", "assigned"):
            c.reach(state)
        elif state == "on_trip":
            c.reach("in_progress")
        elif state == "offline":
            c.online("la-d1")
            c.offline("la-d1")
        else:
            c.online("la-d1")
            if state == "on_break":
                c.call("driver_break", "la-d1")
            if state == "blocked":
                c.call("driver_block", "la-d1", "papers")
        self.assertEqual(c.driver("la-d1")["state"], state)

    def test_every_driver_state_against_every_event_he_or_ops_can_cause(self):
        c = self.city

        def ride_for(name):
            def go():
                ride = c.create("rider-2").ride["ride_id"]
                return lambda: c.call(name, ride, 1, "la-d1", "", 9)
            return go

        def soon():
            if c.driver("la-d1")["state"] == "on_trip":
                ride = c.driver("la-d1")["ride"]
                c.place("la-d1", 34.0999, -118.2999)
                c.fire("soon:" + ride)

        def gone():
            for step in (LIMITS["DARK_MS"] + 1, LIMITS["GONE_MS"]):
                c.later(step)
                c.call("driver_dark", "la-d1")
            return lambda: c.fire("dark:la-d1")

        actions = {
            "online": lambda: lambda: c.online("la-d1"),
            "offline": lambda: lambda: c.offline("la-d1"),
            "break": lambda: lambda: c.call("driver_break", "la-d1"),
            "block": lambda: lambda: c.call("driver_block", "la-d1", "x"),
            "unblock": lambda: lambda: c.call("driver_unblock", "la-d1"),
            "offer": ride_for("ride_offer"),
            "assign": ride_for("ride_assign"),
            "gone": gone,
        }
        for state in DRIVER_STATES:
            for event, make in actions.items():
                with self.subTest(state=state, event=event):
                    c.clear()
                    self.driver_in(c, state)
                    if event in ("offer", "assign"):
                        soon()
                    go = make()
                    if event == "gone":
                        state_now = c.driver("la-d1")["state"]
                        if state_now != state:
                            continue  # an open offer ends when its driver goes dark
                    before = c.dump()
                    answer = go()
                    to = DRIVER_MOVES.get((state, event))
                    self.assertEqual(c.driver("la-d1")["state"], to or state, answer)
                    if to is not None:
                        self.assertEqual(answer.code, "ok")
                    elif event != "gone":
                        self.assertNotEqual(answer.code, "ok")
                        self.assertEqual(c.dump(), before)
                    c.check()


if __name__ == "__main__":
    city.main()
