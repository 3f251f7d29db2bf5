#!/usr/bin/env python3
"""Celery with kombu, Debian's, on the store as broker and as result backend."""

import logging
import os
import sys
import unittest

try:
    import celery
    from celery.contrib.testing.worker import start_worker
    import kombu
except ImportError as missing:
    print("SKIPPED: %s (scripts/install-packages --tests)" % missing)
    sys.exit(77)
import server

app = celery.Celery("tests")
app.conf.update(task_acks_late=True, worker_hijack_root_logger=False, result_expires=3600,
                broker_connection_retry_on_startup=True)
seen = {"flaky": 0}


@app.task
def add(a, b):
    return a + b


@app.task
def total(numbers):
    return sum(numbers)


@app.task(bind=True, max_retries=5)
def flaky(self):
    seen["flaky"] += 1
    if seen["flaky"] < 3:
        raise self.retry(countdown=0)
    return seen["flaky"]


@app.task
def fails():
    raise ValueError("as it should")


class Celery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server.Server()
        url = "redis://127.0.0.1:%d/" % cls.server.port
        app.conf.update(broker_url=url + "0", result_backend=url + "1")
        cls.worker = start_worker(app, pool="solo", perform_ping_check=False,
                                  loglevel=logging.ERROR, shutdown_timeout=60)
        cls.worker.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.worker.__exit__(None, None, None)
        app.backend.result_consumer.stop()
        app.close()
        cls.server.stop()

    def test_results_come_back(self):
        results = [add.delay(i, i) for i in range(100)]
        self.assertEqual([r.get(timeout=60) for r in results], [2 * i for i in range(100)])

    def test_chains_groups_and_chords(self):
        self.assertEqual(celery.chain(add.s(1, 2), add.s(3), add.s(4)).delay().get(timeout=60), 10)
        self.assertEqual(celery.group(add.s(i, 1) for i in range(10)).delay().get(timeout=60),
                         list(range(1, 11)))
        self.assertEqual(celery.chord((add.s(i, i) for i in range(10)), total.s()).delay()
                         .get(timeout=60), 90)

    def test_a_task_is_retried_and_an_error_comes_back(self):
        self.assertEqual(flaky.delay().get(timeout=60), 3)
        with self.assertRaisesRegex(ValueError, "as it should"):
            fails.delay().get(timeout=60)

    def test_tasks_with_a_countdown_wait(self):
        self.assertEqual(add.apply_async((4, 5), countdown=0.2).get(timeout=60), 9)

    def test_results_are_forgotten_and_messages_acknowledged(self):
        result = add.delay(1, 1)
        self.assertEqual(result.get(timeout=60), 2)
        db = app.backend.client
        key = app.backend.get_key_for_task(result.id)
        self.assertTrue(0 < db.ttl(key) <= 3600)
        result.forget()
        self.assertIsNone(db.get(key))
        with kombu.Connection(app.conf.broker_url) as broker:
            client = broker.default_channel.client
            server.until(lambda: client.hlen("unacked") == 0, "the acknowledgement")
            self.assertEqual(client.llen("celery"), 0)


if __name__ == "__main__":
    ok = unittest.main(verbosity=2, exit=False).result.wasSuccessful()
    sys.stderr.flush()
    # Results that are collected at the end look for their store for 20 s more.
    os._exit(0 if ok else 1)
