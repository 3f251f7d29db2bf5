#!/usr/bin/python3
"""A test double of the whole backend, small and honest, unless told to break one promise.

It speaks just enough of the public HTTP and WebSocket APIs for a short run of hansom-sim, all on
one port, with all state in memory. With --fault it breaks one promise for every third ride, so
that a test can see whether the simulator notices:

  double_driver      gives a driver who is on a ride another one
  double_ride        gives one ride to two drivers
  lost_ride          acknowledges a create and forgets the ride
  illegal_transition a requested ride is suddenly in progress
  duplicate_ride     a repeated create makes a second ride
  version_hole       an update is not sent, and its version is missing
  wrong_final        reads back a completed ride as cancelled
  stuck_driver       says a driver is still on a ride that is over

Prints "double ready port=N" when it listens; ends on SIGTERM or when its stdin closes.
"""
import argparse
import asyncio
import base64
import hashlib
import json
import sys
import time
from datetime import datetime, timezone

HELD = ("assigned", "arrived", "in_progress")
OVER = ("completed", "cancelled", "unfulfilled", "failed")
OFFER_S = 3


def now_text():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Ride:
    def __init__(self, number, rider, body):
        self.id = f"la-ride{number}"
        self.number = number
        self.rider = rider
        self.body = body
        self.status = "requested"
        self.version = 1
        self.driver = None
        self.offer = None      # (offer id, driver, when it ends)
        self.offers = 0
        self.excluded = set()
        self.lease = None
        self.code = f"{1000 + number % 9000}"
        self.timeline = [{"status": "requested", "at": now_text()}]
        self.log = []
        self.since = time.monotonic()
        self.forgotten = False

    def view(self, who):
        v = {"ride_id": self.id, "status": self.status, "version": self.version, "region": "la",
             "rider_id": self.rider, "pickup": self.body["pickup"],
             "dropoff": self.body["dropoff"], "timeline": self.timeline, "attempt": 1}
        if self.driver:
            v["driver"] = {"driver_id": self.driver, "name": "D"}
        if who == self.rider:
            v["start_code"] = self.code
        elif who == self.driver:
            v["lease_id"] = self.lease
        return v


class Backend:
    def __init__(self, fault):
        self.fault = fault
        self.rides = {}
        self.keys = {}
        self.drivers = {}   # id -> {"online", "ride", "offer"}
        self.sockets = {}   # sub -> set of Socket
        self.number = 0

    def faulty(self, ride, fault):
        return self.fault == fault and ride.number % 3 == 0

    # --- telling ---

    def send(self, sub, kind, ride=None, data=None):
        for s in self.sockets.get(sub, ()):
            s.frame(kind, ride, data)

    def move(self, ride, status, event):
        ride.version += 1
        if self.faulty(ride, "version_hole") and status == "arrived":
            ride.version += 1
        ride.status = status
        ride.timeline.append({"status": status, "at": now_text()})
        ride.since = time.monotonic()
        self.record(ride, event)
        self.send(ride.rider, "ride.updated", ride, ride.view(ride.rider))
        if ride.driver:
            self.send(ride.driver, "ride.updated", ride, ride.view(ride.driver))

    def record(self, ride, event):
        ride.log.append({"type": event, "to": ride.status, "version": str(ride.version),
                         "driver_id": ride.driver or "", "at_ms": str(int(time.time() * 1000))})

    # --- matching ---

    def tick(self):
        for ride in self.rides.values():
            if ride.offer and time.monotonic() > ride.offer[2]:
                self.offer_end(ride, "offer_timeout")
            if ride.status == "requested":
                self.match(ride)

    def match(self, ride):
        if time.monotonic() - ride.since > 120:
            self.move(ride, "unfulfilled", "deadline")
            return
        if self.faulty(ride, "illegal_transition") and ride.version == 1:
            self.move(ride, "in_progress", "start")
            self.move(ride, "completed", "complete")
            return
        if self.faulty(ride, "double_driver") and ride.version == 1:
            for d, state in self.drivers.items():
                if state["ride"]:
                    self.haunt(ride, d)
                    return
        for d, state in self.drivers.items():
            if not state["online"] or state["ride"] or state["offer"] or d in ride.excluded:
                continue
            ride.offers += 1
            ride.offer = (f"{ride.id}.{ride.offers}", d, time.monotonic() + OFFER_S)
            state["offer"] = ride
            self.move(ride, "offered", "offer")
            self.send(d, "offer.created", ride, self.offer_view(ride))
            return

    def haunt(self, ride, driver):
        """The driver is busy, and yet this ride is driven by him too."""
        ride.driver = driver
        ride.lease = ride.id + ".0"
        for status, event in (("offered", "offer"), ("assigned", "accept"), ("arrived", "arrive"),
                              ("in_progress", "start"), ("completed", "complete")):
            self.move(ride, status, event)
            time.sleep(0.002)  # so that the held time is longer than the clock's step

    def offer_view(self, ride):
        return {"offer_id": ride.offer[0], "ride_id": ride.id, "pickup": ride.body["pickup"],
                "dropoff": ride.body["dropoff"], "expires_in_ms": OFFER_S * 1000}

    def offer_end(self, ride, event):
        offer, driver, _ = ride.offer
        ride.offer = None
        ride.excluded.add(driver)
        self.drivers[driver]["offer"] = None
        self.move(ride, "requested", event)
        self.send(driver, "offer.revoked", ride, {"offer_id": offer, "ride_id": ride.id})

    def free(self, ride):
        if ride.driver:
            self.drivers[ride.driver]["ride"] = None

    # --- the API; each returns (status, body) ---

    def create(self, sub, key, body):
        if key is None:
            return 400, {"code": "idempotency_key_missing"}
        known = self.keys.get((sub, key))
        if known and not self.faulty(known, "duplicate_ride"):
            return 201, known.first
        self.number += 1
        ride = Ride(self.number, sub, body)
        ride.first = ride.view(sub)
        self.record(ride, "create")
        self.keys[(sub, key)] = ride
        if self.faulty(ride, "lost_ride"):
            ride.forgotten = True
        else:
            self.rides[ride.id] = ride
        return 201, ride.first

    def act(self, role, sub, ride, verb, body):
        lease = body.get("lease_id") or body.get("offer_id")
        if verb == "accept":
            if ride.lease == lease and ride.driver == sub:
                return 200, ride.view(sub)
            if self.faulty(ride, "double_ride") and ride.status == "assigned":
                return 200, dict(ride.view(sub), driver={"driver_id": sub}, lease_id=lease)
            if not ride.offer or ride.offer[0] != lease or ride.offer[1] != sub:
                return 409, {"code": "offer_expired"}
            ride.offer = None
            ride.driver, ride.lease = sub, lease
            self.drivers[sub].update(ride=ride, offer=None)
            self.move(ride, "assigned", "accept")
            if self.faulty(ride, "double_ride"):
                self.second_offer(ride)
            return 200, ride.view(sub)
        if verb == "decline":
            if ride.offer and ride.offer[0] == lease and ride.offer[1] == sub:
                self.offer_end(ride, "decline")
            return 200, {"ride_id": ride.id}
        if verb == "cancel" and role == "rider":
            if ride.status in ("in_progress", "completed", "unfulfilled"):
                return 409, {"code": "illegal_transition", "ride": ride.view(sub)}
            if ride.status != "cancelled":
                if ride.offer:
                    self.drivers[ride.offer[1]]["offer"] = None
                    ride.offer = None
                self.free(ride)
                self.move(ride, "cancelled", "rider_cancel")
            return 200, ride.view(sub)
        if sub != ride.driver or lease != ride.lease:
            return 409, {"code": "stale_lease"}
        if verb == "cancel":
            self.free(ride)
            ride.excluded.add(sub)
            ride.driver = ride.lease = None
            self.move(ride, "requested", "driver_cancel")
            self.send(sub, "snapshot", None, {"ride": None, "offer": None})
            return 200, {"ride_id": ride.id}
        steps = {"arrive": ("assigned", "arrived"), "start": ("arrived", "in_progress"),
                 "complete": ("in_progress", "completed")}
        if verb not in steps:
            return 404, {"code": "not_found"}
        before, after = steps[verb]
        if ride.status == after:
            return 200, ride.view(sub)
        if ride.status != before:
            return 409, {"code": "illegal_transition", "ride": ride.view(sub)}
        if verb == "start" and body.get("start_code") != ride.code:
            return 422, {"code": "incorrect_start_code"}
        if after == "completed":
            self.free(ride)
        self.move(ride, after, verb)
        return 200, ride.view(sub)

    def second_offer(self, ride):
        for d, state in self.drivers.items():
            if state["online"] and not state["ride"] and not state["offer"] and d != ride.driver:
                data = {"offer_id": ride.id + ".twin", "ride_id": ride.id,
                        "pickup": ride.body["pickup"], "dropoff": ride.body["dropoff"],
                        "expires_in_ms": OFFER_S * 1000}
                self.send(d, "offer.created", ride, data)
                return

    def get_ride(self, sub, ride):
        v = ride.view(sub)
        if self.faulty(ride, "wrong_final") and ride.status == "completed":
            v["status"] = "cancelled"
        return 200, v

    def driver_state(self, sub):
        d = self.drivers[sub]
        ride = d["ride"]
        if self.fault == "stuck_driver" and not ride:
            ride = next((r for r in self.rides.values()
                         if r.driver == sub and r.status == "completed"), None)
        return 200, {"driver_id": sub, "state": "idle", "products": ["economy"], "offers": [],
                     "ride": ride.view(sub) if ride else None,
                     "lease_id": ride.lease if ride else None, "next_ride": None}

    def handle(self, method, path, role, sub, key, body):
        parts = path.split("?")[0].strip("/").split("/")[1:]
        if parts == ["quotes"]:
            return 201, {"quote_id": "q", "quote_token": "token"}
        if parts == ["rides"]:
            return self.create(sub, key, body)
        if parts[0] == "rides":
            ride = self.rides.get(parts[1])
            if not ride:
                return 404, {"code": "not_found"}
            if len(parts) == 2:
                return self.get_ride(sub, ride)
            if parts[2] == "events":
                return 200, {"items": ride.log, "next_cursor": None}
            return self.act(role, sub, ride, parts[2], body)
        if parts[0] == "riders":
            live = [r.view(sub) for r in self.rides.values()
                    if r.rider == sub and r.status not in OVER]
            return 200, {"items": live, "next_cursor": None}
        if parts[0] == "drivers":
            d = self.drivers.setdefault(parts[1], {"online": False, "ride": None, "offer": None})
            if method == "PUT":
                return 200, {"driver_id": parts[1]}
            if parts[2] in ("online", "offline"):
                d["online"] = parts[2] == "online"
                return self.driver_state(parts[1])
            if parts[2] == "state":
                return self.driver_state(parts[1])
            if parts[2] == "locations":
                return 202, {"accepted": len(body["points"]), "dropped": {},
                             "next_interval_ms": 4000}
        return 404, {"code": "not_found"}


class Socket:
    def __init__(self, backend, sub, role, writer):
        self.backend, self.sub, self.role, self.writer = backend, sub, role, writer
        self.seq = 0

    def frame(self, kind, ride, data):
        self.seq += 1
        f = {"type": kind, "seq": self.seq, "ts_ms": int(time.time() * 1000), "data": data or {}}
        if ride:
            f.update(ride_id=ride.id, version=ride.version)
        text = json.dumps(f).encode()
        head = bytes([0x81, len(text)]) if len(text) < 126 else \
            b"\x81\x7e" + len(text).to_bytes(2, "big")
        self.writer.write(head + text)

    def greet(self):
        self.frame("hello", None, {"session_id": "s", "heartbeat_ms": 25000, "generation": 1})
        b = self.backend
        ride = offer = None
        for r in b.rides.values():
            if r.status in OVER:
                continue
            if self.sub in (r.rider, r.driver):
                ride = r
            elif r.offer and r.offer[1] == self.sub:
                offer = r
        self.frame("snapshot", ride or offer, {"ride": ride.view(self.sub) if ride else None,
                                               "offer": b.offer_view(offer) if offer else None})


def claims(headers):
    part = headers["authorization"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def websocket(backend, headers, reader, writer):
    who = claims(headers)
    magic = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(magic.encode()).digest()).decode()
    writer.write((f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                  f"\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: hansom.v1"
                  "\r\n\r\n").encode())
    s = Socket(backend, who["sub"], who["role"], writer)
    backend.sockets.setdefault(s.sub, set()).add(s)
    s.greet()
    try:
        while await reader.read(4096):  # the apps only close
            writer.write(b"\x88\x02\x03\xe8")
            await writer.drain()
            break
    finally:
        backend.sockets[s.sub].discard(s)


async def client(backend, reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {}
            for line in head[1:]:
                if ":" in line:
                    name, value = line.split(":", 1)
                    headers[name.lower()] = value.strip()
            if headers.get("upgrade") == "websocket":
                await websocket(backend, headers, reader, writer)
                break
            raw = await reader.readexactly(int(headers.get("content-length", 0)))
            who = claims(headers)
            status, reply = backend.handle(method, path, who["role"], who["sub"],
                                           headers.get("idempotency-key"),
                                           json.loads(raw) if raw else {})
            text = json.dumps(reply).encode()
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(text)}\r\n\r\n".encode() + text)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fault", default="")
    backend = Backend(parser.parse_args().fault)
    server = await asyncio.start_server(lambda r, w: client(backend, r, w), "127.0.0.1", 0)
    print(f"double ready port={server.sockets[0].getsockname()[1]}", flush=True)
    closed = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    while not closed.done():
        backend.tick()
        await asyncio.wait([closed], timeout=0.02)


if __name__ == "__main__":
    asyncio.run(main())
