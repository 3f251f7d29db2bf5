"""The C side: typed calls, the loader, and a library that vanishes under way."""

import os
import subprocess
import unittest

import city

PROGRAM = os.environ.get("HANSOM_LIFECYCLE_CALLS", "")

EXPECTED = """\
install ok
heartbeat ok
online ok state=idle
create ok requested v1
create_again ok requested v1
offer ok
accept_after_flush ok assigned v3
arrive_if_2 version_conflict assigned v3
arrive ok arrived v4
start_wrong incorrect_start_code arrived v4
start ok in_progress v5
stop invalid_value in_progress v5
complete ok completed v6
settle ok completed v7
versions ok 7 0
snapshot_driver ok state=idle
snapshot_rider ok
cancel_completed illegal_transition completed v7
get_nonsense not_found
timer ok did=nothing
offline ok state=offline
"""


@unittest.skipUnless(PROGRAM, "HANSOM_LIFECYCLE_CALLS names no program")
class Calls(unittest.TestCase):
    def setUp(self):
        self.server = city.Server()
        self.db = self.server.connect()

    def tearDown(self):
        self.server.stop()

    def run_program(self, *args):
        url = "redis://127.0.0.1:%d" % self.server.port
        done = subprocess.run([PROGRAM, url, *args], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def load(self, revision):
        with open(city.library_path) as f:
            text = f.read()
        old = "local REVISION = "
        line = text[text.index(old):].split("\n", 1)[0]
        self.db.execute_command("FUNCTION", "LOAD", "REPLACE",
                                text.replace(line, old + "'%d'" % revision))

    def revision(self):
        reply = self.db.execute_command("FCALL", "revision_v1", 1, city.EVENTS)
        return int(city.Answer(reply).extra["revision"])

    def test_one_ride_through_all_calls(self):
        out = self.run_program()
        self.assertEqual(out[:len(EXPECTED)], EXPECTED)
        self.assertTrue(out[len(EXPECTED):].startswith("defer_junk internal (ERR "), out)

    def test_an_older_library_is_replaced(self):
        self.load(0)
        self.assertEqual(self.run_program("install"), "install ok\n")
        self.assertGreater(self.revision(), 0)

    def test_a_newer_library_is_left_alone(self):
        self.load(10 ** 6)
        self.assertEqual(self.run_program("install"), "install ok\n")
        self.assertEqual(self.revision(), 10 ** 6)

    def test_an_older_library_that_came_back_is_replaced_by_the_calls_that_see_it(self):
        self.run_program("install")
        ours = self.revision()
        self.load(0)
        self.assertEqual(self.run_program("beat"), "heartbeat ok\n" * 4)
        self.assertEqual(self.revision(), ours)

    def test_another_abi_lives_beside_it(self):
        self.db.execute_command("FUNCTION", "LOAD", "#!lua name=hansom_v2\n"
                                "redis.register_function('revision_v2', function() return 7 end)")
        self.run_program("install")
        self.assertEqual(self.db.execute_command("FCALL", "revision_v2", 0), 7)
        self.assertGreater(self.revision(), 0)


if __name__ == "__main__":
    city.main()
