"""The demo on recorded demand, where the recordings are: see HANSOM_DATA below.

They are not part of the tree, so where they are absent this test is skipped, and says so.
"""
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.environ.get("HANSOM_DATA", os.path.join(ROOT, "..", "shared", "data"))
SKIPPED = 77


def main():
    name, drivers = sys.argv[1:3]
    trips = os.path.join(DATA, name)
    if not os.path.exists(trips):
        print(f"SKIPPED: the recording {name} is not in {DATA}; set HANSOM_DATA to its folder")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="hansom-recorded-") as folder:
        report_file = os.path.join(folder, "report.json")
        status = subprocess.run(
            [os.path.join(ROOT, "scripts", "demo"), "--trips", trips, "--drivers", drivers,
             "--speedup", "60", "--seconds", "20", "--report", report_file], check=False).returncode
        if status != 0:
            return 1
        with open(report_file, encoding="utf-8") as f:
            report = json.load(f)
    rides = report["rides"]
    share = rides["completed"] / rides["requested"]
    print(f"{rides['requested']} requests, {share:.1%} completed, {rides['open']} open")
    good = report["ok"] and rides["open"] == 0 and share >= 0.85 and rides["requested"] > 100
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
