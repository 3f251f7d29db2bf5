"""The gateway at its ends: a drain, a store that goes away, and what messages carry."""
import json
import os
import signal
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from town import REGION, Town, WebSocket, ride_in, wait_for

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")


class Gateway(unittest.TestCase):
    def town(self, *services, compare="1s"):
        town = Town(STORE, services=("dispatcher", "pricing", "ws-gateway", *services),
                    extra={"ws-gateway": ["--compare-interval", compare, "--store-timeout", "1s"]})
        town.change_products(lambda p: p.update(forward=True))
        return town

    def fcall(self, town, name, *args):
        reply = town.redis.execute_command("FCALL", name + "_v1", 1, town.key("rides:events:%r"), *args)
        self.assertEqual(reply[0], "ok", reply)
        return dict(zip(reply[2][::2], reply[2][1::2]))

    def screen(self, town, person):
        ws = WebSocket(town, person.token)
        ws.until_type("snapshot")
        return ws

    def assigned(self, town, rider, driver, pickup):
        """A ride from there that this driver has accepted: its id and lease."""
        ride = rider.request(town.place(pickup), town.place(pickup + 2))["ride_id"]
        lease = self.fcall(town, "ride_offer", ride, 1, driver.id, "", 60)["offer_id"]
        self.assertEqual(driver.act(ride, "accept", offer_id=lease)[0], 200)
        return ride, lease

    def without_hints(self, town, do):
        """What do() changes reaches the gateway by no hint: its subscription is broken meanwhile."""
        gateway = town.processes["ws-gateway"].child
        gateway.send_signal(signal.SIGSTOP)
        for client in town.redis.client_list(_type="pubsub"):
            town.redis.client_kill_filter(_id=client["id"])
        do()
        gateway.send_signal(signal.SIGCONT)

    def test_a_swap_tells_each_of_the_four_apps_in_one_frame(self):
        with self.town(compare="60s") as town:
            riders = [town.rider("r1"), town.rider("r2")]
            drivers = [town.driver(i, i).register().online() for i in (1, 2)]
            rides = [self.assigned(town, *pair, i) for i, pair in enumerate(zip(riders, drivers))]
            screens = [self.screen(town, p) for p in riders + drivers]
            legs = []
            for (ride, lease), other in zip(rides, drivers[::-1]):
                legs += [ride, town.redis.hget(town.key("ride:%r:") + ride, "version"), lease, other.id, 70]
            self.fcall(town, "ride_swap", *legs)
            for number, ws in enumerate(screens):
                ride = rides[number][0] if number < 2 else rides[3 - number][0]
                driver = drivers[1 - number] if number < 2 else drivers[number - 2]
                told = ws.until("the exchange", 8, lambda m: m["type"] not in ("driver.location", "eta"))
                self.assertEqual((told["type"], told["ride_id"], told["data"]["status"],
                                  told["data"]["driver"]["driver_id"]),
                                 ("ride.updated", ride, "assigned", driver.id))
                ws.frames.clear()
            for ws in screens:  # what was sent before this answer has come
                ws.send({"type": "ping", "id": 1})
                ws.until_type("ack")
                # The whole screen may come once more where connecting was slow: it is no news.
                self.assertEqual({m["type"] for m in ws.frames} - {"driver.location", "snapshot"}, {"ack"})

    def test_the_losers_of_a_broadcast_are_told_that_their_offer_is_revoked(self):
        with self.town() as town:
            rider = town.rider("r1")
            drivers = [town.driver(i).register().online() for i in (1, 2, 3)]
            wheels = [self.screen(town, d) for d in drivers]
            ride = rider.request(town.place(0), town.place(5))["ride_id"]
            pairs = [word for d in drivers for word in (d.id, 60)]
            offer = self.fcall(town, "ride_broadcast", ride, 1, "", *pairs)["offer_id"]
            for ws in wheels:
                self.assertEqual(ws.until_type("offer.created")["data"]["offer_id"], offer)
            wheels[1].send({"type": "accept", "id": 7, "offer_id": offer})
            self.assertEqual(wheels[1].until_type("ack")["data"]["ride"]["driver"]["driver_id"], drivers[1].id)
            for loser in (0, 2):
                revoked = wheels[loser].until_type("offer.revoked")
                self.assertEqual((revoked["ride_id"], revoked["data"]),
                                 (ride, {"offer_id": offer, "reason": "accept"}))
                self.assertEqual(drivers[loser].state()["state"], "idle")
                status, problem, _ = drivers[loser].act(ride, "accept", offer_id=offer)
                self.assertEqual((status, problem["code"]), (409, "ride_taken"))

    def test_how_a_ride_ended_unheard_is_told_before_the_screen_is_emptied(self):
        with self.town(compare="60s") as town:
            rider, driver = town.rider("r1"), town.driver(1).register().online()
            ride, _ = self.assigned(town, rider, driver, 0)
            phone, wheel = self.screen(town, rider), self.screen(town, driver)
            self.without_hints(town, lambda: rider.cancel(ride))
            for ws in (phone, wheel):
                end = ws.until("the end", 15, lambda m: m["type"] in ("ride.updated", "snapshot"))
                self.assertEqual((ride_in(end)["status"], ride_in(end)["cancelled_by"]), ("cancelled", "rider"))
                self.assertIsNone(ws.until_type("snapshot")["data"]["ride"])

    def test_a_next_ride_that_came_unheard_is_on_the_screen_when_hints_come_again(self):
        with self.town(compare="60s") as town:
            rider, other = town.rider("r1"), town.rider("r2")
            driver = town.driver(1).register().online()
            first, lease = self.assigned(town, rider, driver, 0)
            code = rider.ride(first)["start_code"]
            driver.act(first, "arrive", lease_id=lease)
            driver.act(first, "start", lease_id=lease, start_code=code)
            town.redis.zadd(town.key("timers:%r"), {"soon:" + first: 1}, xx=True)
            town.redis.geoadd(town.key("drivers:active:%r"), (town.place(2)["lon"], town.place(2)["lat"], driver.id))
            self.fcall(town, "timer_apply", "soon:" + first)
            wheel = self.screen(town, driver)
            then = []
            self.without_hints(town, lambda: then.append(self.assigned(town, other, driver, 2)[0]))
            seen = wheel.until_type("snapshot", 15)["data"]
            self.assertEqual((seen["ride"]["ride_id"], seen["next_ride"]), (first, then[0]))

    def test_a_drain_closes_every_session_with_1001_and_ends_with_0(self):
        with self.town() as town:
            rider = town.rider("r1")
            sessions = [WebSocket(town, town.token("rider", f"r{i % 7}")) for i in range(20)]
            sessions += [WebSocket(town, town.token("driver", f"{REGION}-{i}")) for i in range(10)]
            for ws in sessions:
                ws.until_type("snapshot")
            silent = WebSocket(town, "", auth="later")
            ride = rider.request(town.place(0), town.place(5))["ride_id"]
            gateway = town.processes["ws-gateway"].child
            gateway.send_signal(signal.SIGTERM)
            rider.cancel(ride) # hints go on coming
            self.assertEqual({ws.until_closed() for ws in sessions + [silent]}, {1001})
            self.assertEqual(gateway.wait(10), 0)

    def test_an_id_may_be_text_or_a_number_and_comes_back_as_it_was(self):
        with self.town() as town:
            ws = WebSocket(town, town.token("driver", f"{REGION}-1"))
            ws.until_type("snapshot")
            for re in ("a", 7, -1, "\"quoted\" ü", "x" * 64):
                ws.send({"type": "ping", "id": re})
                self.assertEqual(ws.until_type("ack")["data"], {"re": re, "status": "pong"})
                ws.send({"type": "accept", "id": re, "offer_id": f"{REGION}-1.1"})
                self.assertEqual(ws.until_type("error")["data"], {"re": re, "code": "not_found"})
            for nothing in ("x" * 65, [1], 1.5, None):
                ws.send({"type": "ping", "id": nothing})
                self.assertEqual(ws.until_type("ack")["data"], {"status": "pong"})
            ws.send({"type": "location", "id": 1, "points": [{"lat": 99, "lon": 0, "ts_ms": 1}]})
            self.assertEqual(ws.until_type("error")["data"], {"re": 1, "code": "invalid_value"})

    def test_without_the_store_messages_fail_at_once_and_with_it_screens_are_right(self):
        with self.town() as town:
            rider = town.rider("r1")
            driver = town.driver(1).register()
            ws, wheel = WebSocket(town, rider.token), WebSocket(town, driver.token)
            ws.until_type("snapshot")
            wheel.until_type("snapshot")
            ride = rider.request(town.place(0), town.place(5))["ride_id"]
            ws.until("the ride", 5, lambda m: (ride_in(m) or {}).get("ride_id") == ride)
            town.store.kill()
            wheel.send({"type": "accept", "id": "a", "offer_id": f"{ride}.1"})
            error = wheel.until_type("error", 3)["data"]
            self.assertEqual((error["re"], error["code"]), ("a", "store_unavailable"))
            late = WebSocket(town, town.token("rider", "r2"))
            self.assertEqual(late.until_type("hello", 3)["type"], "hello")
            town.start_store()
            self.assertIsNone(late.until_type("snapshot", 15)["data"]["ride"])
            again = ws.until("all of it anew", 15, lambda m: m["type"] == "snapshot")
            self.assertEqual(again["data"]["ride"]["ride_id"], ride)

    def test_a_hint_of_another_primary_brings_every_screen_anew(self):
        with self.town(compare="60s") as town:
            rider, driver = town.rider("r1"), town.driver(1).register().online()
            screens = [self.screen(town, p) for p in (rider, driver)]
            for ws in screens:
                ws.frames.clear()
            channel = town.key("ui:%r:driver:") + driver.id
            for generation in (1, 7):
                town.redis.execute_command("SPUBLISH", channel, json.dumps(
                    {"kind": "warning", "reason": "stalled", "ride_id": f"{REGION}-R1", "version": 1, "generation": generation}))
                screens[1].until_type("warning")
            for ws in screens:
                ws.until_type("snapshot")
                self.assertEqual([m["type"] for m in ws.frames].count("snapshot"), 1)

    def test_an_offer_beside_a_ride_is_shown_and_taken_back_and_the_next_ride_comes(self):
        with self.town() as town:
            rider, other = town.rider("r1"), town.rider("r2")
            driver = town.driver(1).register().online()
            wheel = WebSocket(town, driver.token)
            wheel.until_type("snapshot")

            def fcall(name, *args):
                reply = town.redis.execute_command("FCALL", name + "_v1", 1, town.key("rides:events:%r"), *args)
                self.assertEqual(reply[0], "ok", reply)
                return dict(zip(reply[2][::2], reply[2][1::2]))

            def offer(ride):
                lease = fcall("ride_offer", ride, 1, driver.id, "", 60)["offer_id"]
                seen = wheel.until("the offer", 8, lambda m: m["type"] == "offer.created")["data"]
                self.assertEqual((seen["offer_id"], seen["ride_id"]), (lease, ride))
                return lease

            first = rider.request(town.place(0), town.place(1))
            ride, lease = first["ride_id"], offer(first["ride_id"])
            driver.act(ride, "accept", offer_id=lease)
            driver.act(ride, "arrive", lease_id=lease)
            driver.act(ride, "start", lease_id=lease, start_code=first["start_code"])
            town.redis.zadd(town.key("timers:%r"), {"soon:" + ride: 1}, xx=True)
            town.redis.geoadd(town.key("drivers:active:%r"), (town.place(1)["lon"], town.place(1)["lat"], driver.id))
            fcall("timer_apply", "soon:" + ride)
            then = other.request(town.place(1), town.place(3))["ride_id"]
            revoked = offer(then)
            wheel.send({"type": "resync"})
            all_of_it = wheel.until("both", 8, lambda m: m["type"] == "snapshot")["data"]
            self.assertEqual((all_of_it["ride"]["ride_id"], all_of_it["offer"]["offer_id"]), (ride, revoked))
            other.cancel(then)
            self.assertEqual(wheel.until_type("offer.revoked")["data"]["offer_id"], revoked)
            then = other.request(town.place(1), town.place(3))["ride_id"]
            wheel.send({"type": "accept", "id": 1, "offer_id": offer(then)})
            taken = wheel.until_type("ack")["data"]["ride"]
            self.assertEqual((taken["ride_id"], taken["queued"]), (then, True))
            self.assertEqual(driver.act(ride, "complete", lease_id=lease)[0], 200)
            wheel.until("his ride now", 8, lambda m: (ride_in(m) or {}).get("ride_id") == then and
                        "queued" not in ride_in(m))

    def test_a_driver_who_does_not_come_is_warned(self):
        with self.town() as town:
            rider = town.rider("r1")
            driver = town.driver(1, 30).register().online()
            wheel = WebSocket(town, driver.token)
            wheel.until_type("snapshot")
            ride = rider.request(town.place(0), town.place(5))["ride_id"]

            def fcall(name, *args):
                reply = town.redis.execute_command("FCALL", name + "_v1", 1, town.key("rides:events:%r"), *args)
                self.assertEqual(reply[0], "ok", reply)
                return dict(zip(reply[2][::2], reply[2][1::2]))

            lease = fcall("ride_offer", ride, 1, driver.id, "", 60)["offer_id"]
            self.assertEqual(driver.act(ride, "accept", offer_id=lease)[0], 200)
            town.redis.hset(town.key("ride:%r:") + ride, mapping={"watch_best_m": 1, "watch_still_s": 130})
            town.redis.zadd(town.key("timers:%r"), {"pickup:" + ride: 1}, xx=True)
            fcall("timer_apply", "pickup:" + ride)  # or the leader was faster
            frame = wheel.until_type("warning")
            self.assertEqual((frame["ride_id"], frame["data"]), (ride, {"reason": "driver_retreated"}))

    def test_a_driver_whose_ride_was_taken_from_him_in_silence_learns_it(self):
        with self.town("matcher") as town:
            rider = town.rider("r1")
            driver = town.driver(1).register().online()
            wheel = WebSocket(town, driver.token)
            wheel.until_type("snapshot")
            ride = rider.request(town.place(0), town.place(5))["ride_id"]
            offer = wheel.until("the offer", 8, lambda m: m["type"] == "offer.created")["data"]
            wheel.send({"type": "accept", "offer_id": offer["offer_id"]})
            wheel.until_type("ack")
            # As the lifecycle would on a release, but for the hint: it is lost.
            town.redis.hset(town.key("driver-state:%r:") + driver.id,
                            mapping={"state": "idle", "ride": "", "lease": ""})
            town.redis.hset(town.key("ride:%r:") + ride,
                            mapping={"status": "requested", "version": "9", "driver_id": "", "lease": ""})
            anew = wheel.until("the truth", 5, lambda m: m["type"] == "snapshot"
                               and m["data"].get("state") == "idle")
            self.assertIsNone(anew["data"]["ride"])

    def test_who_answers_pings_stays_and_who_does_not_is_closed(self):
        town = Town(STORE, services=("ws-gateway",), extra={
            "ws-gateway": ["--heartbeat", "500ms", "--heartbeat-grace", "300ms"]})
        with town:
            alive = WebSocket(town, town.token("rider", "r1"))
            dumb = WebSocket(town, town.token("rider", "r2"))
            pings = 0
            while pings < 4:
                opcode, payload = alive._take(5)
                self.assertNotEqual(opcode, 8, payload)
                if opcode == 9:
                    pings += 1
                    alive.send_raw(payload, 10)
            frames = iter(lambda: dumb._take(5), None)
            code = next(payload for opcode, payload in frames if opcode == 8)
            self.assertEqual(int.from_bytes(code, "big"), 4100)

    def test_the_metrics_have_their_names(self):
        with self.town() as town:
            ws = WebSocket(town, town.token("rider", "r1"))
            ws.until_type("snapshot")
            ride = town.rider("r1").request(town.place(0), town.place(5))["ride_id"]
            ws.until("the ride", 5, lambda m: m.get("ride_id") == ride)
            page = wait_for("the metrics", 5, lambda: town.metrics("ws-gateway"))
            self.assertIn('hansom_ws_connections{role="rider"} 1', page)
            for name in ("hansom_ws_dropped_total", "hansom_ws_queue_bytes", "hansom_push_seconds",
                         "hansom_pings_total", "hansom_location_freshness_seconds",
                         "hansom_store_command_seconds"):
                self.assertIn(f"# TYPE {name} ", page)
            ws.close()
            wait_for("the session to be counted out", 5, lambda: 'hansom_ws_connections{role="rider"} 0'
                     in town.metrics("ws-gateway"))


if __name__ == "__main__":
    unittest.main()
