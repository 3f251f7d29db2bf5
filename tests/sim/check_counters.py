#!/usr/bin/python3
"""Proves the simulator's counters: a short run against tests/sim/double.py with one fault.

usage: check_counters.py HANSOM_SIM FAULT COUNTER
FAULT and COUNTER are "none" for the honest double: then every counter must stay 0 and ok be true.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    sim, fault, counter = sys.argv[1:4]
    double = subprocess.Popen(
        [sys.executable, os.path.join(HERE, "double.py")]
        + ([] if fault == "none" else ["--fault", fault]),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = double.stdout.readline().strip().rsplit("=", 1)[1]
        url = f"http://127.0.0.1:{port}"
        with tempfile.TemporaryDirectory() as folder:
            secret = os.path.join(folder, "secret")
            report_file = os.path.join(folder, "report.json")
            with open(secret, "w", encoding="ascii") as f:
                f.write("a secret for the double\n")
            run = subprocess.run(
                [sim, "--jwt-secret-file", secret, "--dispatcher", f"{url},{url}", "--ingest", url,
                 "--pricing", url, "--gateway", url, "--drivers", "80", "--seconds", "6",
                 "--speedup", "800", "--drain", "40", "--seed", "7", "--report", report_file],
                timeout=110, check=False)
            with open(report_file, encoding="utf-8") as f:
                report = json.load(f)
    finally:
        double.stdin.close()
        double.wait(10)

    violations = report["violations"]
    print(json.dumps(report["rides"]), json.dumps(violations))
    wrong = []
    if report["rides"]["completed"] < 5:
        wrong.append("the run is too small to prove anything")
    if fault == "none":
        if any(violations.values()) or not report["ok"] or run.returncode != 0:
            wrong.append("an honest backend was accused")
        if report["rides"]["open"] != 0:
            wrong.append("rides were left open")
    else:
        if violations[counter] == 0:
            wrong.append(f"{fault} did not raise {counter}")
        if report["ok"] or run.returncode == 0:
            wrong.append(f"{fault} was let through")
    for line in wrong:
        print("FAILED:", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
