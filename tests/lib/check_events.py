#!/usr/bin/python3
"""Checks a simulator report against the store's own log of events, with a plain Redis client.

usage: check_events.py --store redis://HOST:PORT|unix:///PATH --report FILE

Reads rides:events:{region} from its beginning and derives everything anew, sharing no code with
the services or the simulator: every ride's transitions are legal and its versions consecutive,
no driver holds two rides at once, no event carries a start code, and the totals by final status
are those of the report. Exits 0 when all of it agrees, 1 when not, with a line a finding.
"""
import argparse
import json
import sys
from collections import Counter

import redis

HELD = {"assigned", "arrived", "in_progress"}
ENDED = ("completed", "cancelled", "unfulfilled", "failed")
MOVES = {
    "": {"requested", "scheduled"},
    "scheduled": {"requested", "cancelled"},
    "requested": {"offered", "assigned", "unfulfilled", "cancelled", "failed"},
    "offered": {"requested", "assigned", "unfulfilled", "cancelled"},
    "assigned": {"assigned", "arrived", "requested", "cancelled"},
    "arrived": {"in_progress", "requested", "cancelled"},
    "in_progress": {"in_progress", "completed", "cancelled"},
    "completed": {"completed"},
    "failed": {"requested"},
    "cancelled": set(),
    "unfulfilled": set(),
}
FINDINGS_SHOWN = 40


def connect(url):
    if url.startswith("unix://"):
        return redis.Redis(unix_socket_path=url[len("unix://"):], decode_responses=True)
    return redis.Redis.from_url(url, decode_responses=True)


def entries(store, key):
    """All entries of the stream, a page at a time."""
    start = "-"
    while True:
        page = store.xrange(key, start, "+", count=1000)
        yield from page
        if len(page) < 1000:
            return
        start = "(" + page[-1][0]


class Book:
    """What the events say, in the store's own order."""

    def __init__(self):
        self.findings = []
        self.status = {}    # ride -> status
        self.version = {}   # ride -> last version
        self.offered = set()
        self.assigned = set()
        self.holder = {}    # ride -> driver
        self.holds = {}     # driver -> ride
        self.next = {}      # driver -> the ride that waits until his is over
        self.exchange = []  # (ride, driver) of a swap whose events are still coming
        self.events = 0

    def find(self, text):
        self.findings.append(text)

    def take(self, entry_id, e):
        self.events += 1
        ride, to = e["ride_id"], e["to"]
        before = self.status.get(ride, "")
        version = int(e["version"])
        if version != self.version.get(ride, 0) + 1:
            self.find(f"{entry_id}: {ride} goes from version {self.version.get(ride, 0)} "
                      f"to {version}")
        if to not in MOVES.get(before, set()):
            self.find(f"{entry_id}: {ride} goes from {before or 'nothing'} to {to} ({e['type']})")
        if before and e.get("from", before) != before:
            self.find(f"{entry_id}: {ride} says it was {e['from']}, but it was {before}")
        if "start_code" in e:
            self.find(f"{entry_id}: {ride}: an event carries the start code")
        self.status[ride], self.version[ride] = to, version
        if to == "offered":
            self.offered.add(ride)
        if e["type"] == "swap":
            self.swap(entry_id, ride, e)
            return
        if self.exchange:
            self.find(f"{entry_id}: {ride}'s {e['type']} stands in the middle of a swap")
            self.exchange = []
        self.hold(entry_id, ride, to, e.get("driver_id", ""), e.get("queued") == "1")

    def swap(self, entry_id, ride, e):
        """The events of one exchange follow each other; it is judged as a whole."""
        self.exchange.append((ride, e["driver_id"]))
        if len(self.exchange) < int(e["swap_rides"]):
            return
        had = sorted(self.holder.get(r, "") for r, _ in self.exchange)
        if had != sorted(d for _, d in self.exchange):
            self.find(f"{entry_id}: a swap leaves other drivers with its rides than had them: {had}, "
                      f"{self.exchange}")
        for r, _ in self.exchange:
            self.holds.pop(self.holder.pop(r, None), None)
        for r, driver in self.exchange:
            self.hold(entry_id, r, "assigned", driver)
        self.exchange = []

    def hold(self, entry_id, ride, to, driver, queued=False):
        if to in HELD:
            self.offered.add(ride)
            self.assigned.add(ride)
            holder = self.holder.get(ride)
            if driver and holder and driver != holder:
                self.find(f"{entry_id}: {ride} changes from {holder} to {driver} while held")
            if driver:
                had = self.next if queued else self.holds
                other = had.get(driver)
                if other not in (None, ride):
                    self.find(f"{entry_id}: {driver} holds {other} and {ride}")
                self.let_go(ride)
                self.holder[ride], had[driver] = driver, ride
        else:
            self.let_go(ride)

    def let_go(self, ride):
        driver = self.holder.pop(ride, None)
        for had in (self.holds, self.next):
            if had.get(driver) == ride:
                del had[driver]


def compare(book, report):
    """Each line: what, what the report says, what the events say."""
    rides = report["rides"]
    totals = Counter(book.status.values())
    rows = [("rides created",
             rides["requested"] - rides.get("refused", 0) - rides.get("unanswered", 0),
             len(book.status)),
            ("offered", rides["offered"], len(book.offered)),
            ("assigned", rides["assigned"], len(book.assigned))]
    rows += [(s, rides[s], totals[s]) for s in ENDED]
    rows.append(("open", rides["open"] - rides.get("unanswered", 0),
                 sum(n for s, n in totals.items() if s not in ENDED)))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--store", required=True)
    parser.add_argument("--report", required=True)
    args = parser.parse_args()
    with open(args.report, encoding="utf-8") as f:
        report = json.load(f)
    run = report["input"]["run_id"] + "-"
    key = "rides:events:{%s}" % report["input"]["region"]

    book = Book()
    for entry_id, e in entries(connect(args.store), key):
        if e.get("rider_id", "").startswith(run):  # the store may hold other runs as well
            book.take(entry_id, e)

    for line in book.findings[:FINDINGS_SHOWN]:
        print("FINDING", line)
    if len(book.findings) > FINDINGS_SHOWN:
        print(f"... and {len(book.findings) - FINDINGS_SHOWN} more")
    wrong = bool(book.findings)
    for what, said, found in compare(book, report):
        same = said == found
        wrong = wrong or not same
        print(f"{'ok ' if same else 'BAD'} {what:14} report {said:6}   events {found:6}")
    print(f"{book.events} events of {len(book.status)} rides: "
          + ("the report and the store's log DISAGREE" if wrong else "they agree"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
