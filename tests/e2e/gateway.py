"""What the WebSocket gateway promises: auth, order, bounds, and screens that are right in the end."""
import os
import socket
import time
import unittest
import uuid

from town import Town, WebSocket, wait_for

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")


class Gateway(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town = Town(STORE, extra={"ws-gateway": ["--auth-timeout", "1s", "--compare-interval",
                                                     "3s", "--stall-timeout", "2s"]})
        cls.town.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.town.__exit__(None, None, None)

    def rider(self):
        return self.town.rider("r" + uuid.uuid4().hex[:10])

    def test_each_way_to_authenticate_works(self):
        for way in ("header", "protocol", "message"):
            ws = WebSocket(self.town, self.rider().token, auth=way)
            self.assertEqual(ws.next()["type"], "hello", way)
            self.assertEqual(ws.next()["type"], "snapshot", way)
            ws.close()

    def test_bad_tokens_are_4001_and_silence_too(self):
        forged = self.rider().token[:-3] + "abc"
        expired = self.town.token("rider", "r1", ttl=-100)
        self.assertEqual(WebSocket(self.town, forged).until_closed(), 4001)
        self.assertEqual(WebSocket(self.town, expired).until_closed(), 4001)
        self.assertEqual(WebSocket(self.town, "", auth="later").until_closed(), 4001)

    def test_a_token_that_ends_closes_with_4002(self):
        ws = WebSocket(self.town, self.town.token("rider", "r9", ttl=2))
        self.assertEqual(ws.until_closed(10), 4002)

    def test_a_newer_session_of_a_driver_supersedes_the_older_also_across_gateways(self):
        self.town.start("ws-gateway", "ws-gateway-2")
        try:
            token = self.town.token("driver", "sf-50")
            first = WebSocket(self.town, token)
            first.until_type("hello")
            second = WebSocket(self.town, token)
            second.until_type("hello")
            self.assertEqual(first.until_closed(), 4003)
            second.until_type("snapshot")
            third = WebSocket(self.town, token, gateway="ws-gateway-2")
            third.until_type("hello")
            self.assertEqual(second.until_closed(), 4003)
        finally:
            self.town.stop("ws-gateway-2")

    def test_malformed_and_unknown_messages_are_answered_and_change_nothing(self):
        ws = WebSocket(self.town, self.rider().token)
        ws.until_type("snapshot")
        ws.send_raw(b"{not json")
        self.assertEqual(ws.until_type("error")["data"]["code"], "malformed")
        ws.send({"type": "fly", "id": "7"})
        self.assertEqual(ws.until_type("error")["data"], {"re": "7", "code": "invalid_value"})
        ws.send({"type": "accept", "offer_id": "sf-x.1", "id": "8"})
        self.assertEqual(ws.until_type("error")["data"], {"re": "8", "code": "forbidden"})
        ws.send({"type": "ping", "id": "9"})
        self.assertEqual(ws.until_type("ack")["data"]["re"], "9")

    def test_too_big_and_too_many_messages_close(self):
        ws = WebSocket(self.town, self.rider().token)
        ws.until_type("snapshot")
        ws.send_raw(b'{"type":"' + b"x" * 20000 + b'"}')
        self.assertEqual(ws.until_closed(), 1009)
        ws = WebSocket(self.town, self.rider().token)
        ws.until_type("snapshot")
        try:
            for i in range(200):
                ws.send({"type": "ping", "id": str(i)})
        except OSError:
            pass # closed while we were talking
        self.assertIn(ws.until_closed(), (4101, 1006))

    def test_a_hint_that_was_lost_is_made_up_for(self):
        """The store is changed behind the gateway's back, as if its hint had been dropped."""
        rider = self.rider()
        ws = WebSocket(self.town, rider.token)
        ws.until_type("snapshot")
        ride_id = rider.request(self.town.place(3), self.town.place(6))["ride_id"]
        ws.until("the ride", 5, lambda m: m["type"] == "ride.updated" and m["ride_id"] == ride_id)
        key = self.town.key("ride:%r:") + ride_id
        self.town.redis.hset(key, mapping={"version": "9", "status": "unfulfilled"})
        seen = ws.until("the missed change", 15, lambda m: m.get("version") == 9)
        self.assertEqual(seen["type"], "snapshot", "versions were skipped")
        self.assertEqual(seen["data"]["ride"]["status"], "unfulfilled")
        self.town.redis.hdel(self.town.key("rider-state:%r:") + rider.sub, "ride")

    def test_after_the_hint_connection_broke_screens_are_right(self):
        rider = self.rider()
        ws = WebSocket(self.town, rider.token)
        ws.until_type("snapshot")
        for client in self.town.redis.client_list():
            if int(client.get("ssub", client.get("sub", 0)) or 0) > 0 or client.get("cmd", "").startswith("ssubscribe"):
                self.town.redis.client_kill_filter(_id=client["id"])
        ride_id = rider.request(self.town.place(3), self.town.place(6))["ride_id"]
        ws.until("the ride", 15, lambda m: (m["type"] in ("ride.updated", "snapshot"))
                 and m.get("ride_id") == ride_id)
        self.assertEqual(rider.cancel(ride_id)[0], 200)

    def test_a_slow_client_is_closed_and_delays_nobody(self):
        slow_rider = self.rider()
        slow = WebSocket(self.town, slow_rider.token, receive_buffer=4096)
        slow.until_type("snapshot")
        quick = WebSocket(self.town, self.rider().token)
        quick.until_type("snapshot")
        channel = self.town.key("ui:%r:rider:") + slow_rider.sub
        ride_id = slow_rider.request(self.town.place(3), self.town.place(6))["ride_id"]
        key = self.town.key("ride:%r:") + ride_id
        self.town.redis.hset(key, "note", "n" * 4000)
        end = time.monotonic() + 60
        gateway = self.town.processes["ws-gateway"]
        asked = [0.0]

        def flooded():
            for _ in range(50):
                version = self.town.redis.hincrby(key, "version", 1)
                self.town.redis.execute_command(
                    "SPUBLISH", channel,
                    '{"kind":"ride.updated","event":"x","ride_id":"%s","version":%d,"generation":1}'
                    % (ride_id, version))
            if time.monotonic() - asked[0] > 0.1:  # no more often than the message rate allows
                asked[0] = time.monotonic()
                quick.send({"type": "ping", "id": "q"})
                quick.until_type("ack", 2)
                self.assertLess(time.monotonic() - asked[0], 2)
            slow.sock.settimeout(0.01)
            try:
                slow.send_raw(b"", 10)
            except OSError:
                return True
            number = int(self.town.redis.execute_command("SPUBLISH", channel, "{}"))
            return number == 0 or time.monotonic() > end

        wait_for("the slow client to be closed", 60, flooded)
        self.assertIsNone(gateway.child.poll(), "the gateway lives")
        self.assertEqual(int(self.town.redis.execute_command("SPUBLISH", channel, "{}")), 0)
        slow_rider.cancel(ride_id)

    def test_what_is_not_websocket_is_refused(self):
        port = self.town.processes["ws-gateway"].port("ws")
        for request in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01garbage\r\n\r\n",
                        b"GET /v1/ws HTTP/1.1\r\nHost: x\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                s.sendall(request)
                s.settimeout(10)
                try:
                    reply = s.recv(100)
                except (socket.timeout, ConnectionResetError):
                    reply = b""
                self.assertNotIn(b" 101 ", reply)
        self.assertIsNone(self.town.processes["ws-gateway"].child.poll())


if __name__ == "__main__":
    unittest.main()
