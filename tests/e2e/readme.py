"""The README's session, run as printed: its `sh` blocks, on a `hansom up` of this test's own ports."""
import json
import os
import re
import signal
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("HANSOM_BIN", os.path.join(ROOT, "build", "dev", "bin"))
PORTS = {"8080": "dispatcher", "8082": "pricing", "8083": "gateway"}


def blocks():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        return re.findall(r"```sh\n(.*?)```", f.read(), re.S)


class Readme(unittest.TestCase):
    def test_the_session_works_as_printed(self):
        with tempfile.TemporaryDirectory(prefix="hansom-readme-") as folder:
            run = os.path.join(folder, "run")
            up = subprocess.Popen([os.path.join(BIN, "hansom"), "up", "--dir", run, "--port",
                                   "28080", "--admin-port", "29080", "--store-port", "27379",
                                   "--store-admin-port", "29379"], cwd=ROOT,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                for line in up.stdout:
                    if line.startswith("hansom up ready"):
                        break
                with open(os.path.join(run, "state.json"), encoding="utf-8") as f:
                    urls = json.load(f)["urls"]
                script = "set -eu\n" + "\n".join(blocks())
                script = script.replace("build/release/bin", BIN).replace("--dir run", f"--dir {run}")
                script = script.replace("python3", "/usr/bin/python3")
                for port, name in PORTS.items():
                    real = urls[name][0].rsplit(":", 1)[1]
                    script = script.replace(f"localhost:{port}", f"127.0.0.1:{real}")
                # The README waits for its reader; a machine must let the matcher have its moment.
                script = script.replace("OFFER=$(", "until curl -s http://127.0.0.1:%s/v1/drivers/"
                                        "la-839/state -H \"Authorization: Bearer $DRIVER\" | "
                                        "grep -q offer_id; do :; done\nOFFER=$(" %
                                        urls["dispatcher"][0].rsplit(":", 1)[1], 1)
                done = subprocess.run(["bash", "-c", script], cwd=ROOT, text=True, timeout=60,
                                      capture_output=True, check=False)
            finally:
                up.send_signal(signal.SIGTERM)
                up.stdout.read()
                up.wait(60)
        self.assertEqual(done.returncode, 0, done.stderr)
        for seen in ('"status": "requested"', '"start_code": "', '"status": "assigned"',
                     '"lease_id": "la-', '"type":"hello"', '"type":"snapshot"'):
            self.assertIn(seen, done.stdout)
        self.assertNotIn('"code":', done.stdout)


if __name__ == "__main__":
    unittest.main()
