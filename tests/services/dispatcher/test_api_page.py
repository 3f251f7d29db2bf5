"""docs/api/README.md says what the tables say: every route with its roles, every code with its status."""
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


class ApiPage(unittest.TestCase):
    page = read("docs/api/README.md")

    def test_routes(self):
        listed = re.findall(r"^\| (\w+) `([^`]+)` \| ([\w, ]+) \|.* \| ([^|]+) \|$", self.page, re.M)
        made = []
        for service in ("pricing", "dispatcher", "location-ingest"):
            for method, path, roles, text in re.findall(
                    r'^ROUTE\((\w+), "([^"]+)", \w+, ([\w| ]+), BODY_.*, "([^"]+)"\)',
                    read(f"services/{service}/routes.def"), re.M):
                who = "any token" if roles == "ROLE_ANY" else ", ".join(
                    role.strip()[len("ROLE_"):].lower() for role in roles.split("|"))
                made.append((method, path, who, text))
        self.assertEqual(listed, made)

    def test_codes(self):
        listed = re.findall(r"^\| `(\w+)` \| (\d+) \| (yes|no) \| (.+) \|$", self.page, re.M)
        made = [(code, status, "yes" if retry == "true" else "no", title) for code, status, retry, title
                in re.findall(r'^PROBLEM\(\w+,\s+"(\w+)",\s+(\d+),\s+(\w+),\s+"([^"]+)"\)',
                              read("services/kit/problem.def"), re.M)]
        self.assertEqual(listed, made)

    def test_close_codes(self):
        listed = set(re.findall(r"^\| (\d{4}) \|", self.page, re.M))
        made = set(re.findall(r"WS_\w+ = (\d{4})", read("services/ws-gateway/session.h")))
        self.assertEqual(listed, made)


if __name__ == "__main__":
    unittest.main()
