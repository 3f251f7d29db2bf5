"""A token taken back: refused by every service within a second, its sessions closed, also while the store is away."""
import base64
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from town import REGION, Town, WebSocket, wait_for

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")
HTTP = {"dispatcher": "/v1/rides/%s-NONE" % REGION, "pricing": "/v1/products?lat=0&lon=0",
        "location-ingest": "/v1/drivers/nearby?lat=37.77&lon=-122.42"}


def jti_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["jti"]


class Revocation(unittest.TestCase):
    def town(self):
        return Town(STORE, services=(*HTTP, "ws-gateway"), extra={"dispatcher": ["--store-timeout", "1s"]})

    def revoke(self, town, token, **more):
        return town.call("dispatcher", "POST", "/v1/ops/tokens/revoke", town.token("ops", "op"),
                         {"jti": jti_of(token), **more})

    def refused(self, town, service, token):
        return town.call(service, "GET", HTTP[service], token)[0] == 401

    def test_every_service_refuses_it_and_its_sessions_are_closed(self):
        with self.town() as town:
            bad, good = town.token("rider", "r1"), town.token("rider", "r2")
            sessions = [WebSocket(town, t) for t in (bad, good)]
            for ws in sessions:
                ws.until_type("snapshot")
            for service in HTTP:
                self.assertFalse(self.refused(town, service, bad), service)
            status, reply, _ = self.revoke(town, bad)
            self.assertEqual((status, reply["jti"]), (200, jti_of(bad)))
            self.assertEqual(self.revoke(town, bad)[0], 200, "again is harmless")
            for service in HTTP:
                wait_for(service + " to refuse it", 10, lambda s=service: self.refused(town, s, bad))
                self.assertFalse(self.refused(town, service, good), service)
            self.assertEqual(sessions[0].until_closed(), 4001)
            self.assertEqual(WebSocket(town, bad).until_closed(), 4001)
            sessions[1].send({"type": "ping", "id": 1})
            self.assertEqual(sessions[1].until_type("ack")["data"]["status"], "pong")

            # Known before anybody is served: a process that starts later, and all while the store is away.
            town.processes["pricing"].stop()
            town.start("pricing")
            wait_for("pricing", 20, lambda: town.processes["pricing"].port())
            self.assertTrue(self.refused(town, "pricing", bad))
            town.store.kill()
            for service in HTTP:
                self.assertTrue(self.refused(town, service, bad), service)
            self.assertEqual(self.revoke(town, good)[0], 503)
            town.start_store()
            wait_for("the store", 20, lambda: self.revoke(town, good)[0] == 200)
            self.assertEqual(sessions[1].until_closed(), 4001)

    def test_what_may_be_asked(self):
        with Town(STORE, services=("dispatcher",)) as town:
            token = town.token("rider", "r1")
            path = "/v1/ops/tokens/revoke"
            self.assertEqual(town.call("dispatcher", "POST", path, token, {"jti": "x"})[0], 403)
            ops = town.token("ops", "op")
            for body in ({}, {"jti": ""}, {"jti": "x" * 65}, {"jti": "x", "expires_at": "soon"}):
                self.assertEqual(town.call("dispatcher", "POST", path, ops, body)[0], 422, body)
            self.assertEqual(self.revoke(town, token, expires_at="2020-01-01T00:00:00.000Z")[0], 200)
            key = "revoked:{%s}" % REGION
            self.assertEqual(town.redis.zcard(key), 0, "it has expired by itself")
            self.assertEqual(self.revoke(town, token, expires_at="2100-01-01T00:00:00.000Z")[0], 200)
            self.assertEqual(town.redis.zrange(key, 0, -1, withscores=True), [(jti_of(token), 4102444800000.0)])
            self.revoke(town, token)
            self.assertEqual(town.redis.zscore(key, jti_of(token)), 4102444800000.0, "never sooner")


if __name__ == "__main__":
    unittest.main()
