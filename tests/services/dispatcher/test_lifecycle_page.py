"""docs/lifecycle.md says what ride_state.def says: every move, every reason, every limit."""
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def table(name):
    return [tuple(w.strip().strip('"') for w in m.split(","))
            for m in re.findall(r"^" + name + r"\((.*)\)$", read("services/kit/core/ride_state.def"), re.M)]


class LifecyclePage(unittest.TestCase):
    page = read("docs/lifecycle.md")

    def rows(self, heading, columns):
        part = self.page.split("\n## " + heading + "\n", 1)[1].split("\n## ", 1)[0]
        rows = [tuple(c.strip() for c in line.strip("|").split("|")) for line in part.splitlines()
                if line.startswith("| ") and not line.startswith("| |")]
        return [r for r in rows if len(r) == columns and r[0] != "from"]

    def test_moves(self):
        for kind, heading in (("RIDE", "Rides"), ("DRIVER", "Drivers")):
            made = [tuple(w.lower() for w in row) for row in table(kind + "_MOVE")]
            self.assertEqual(self.rows(heading, 3), made)

    def test_limits(self):
        self.assertEqual(self.rows("Limits", 2), table("RIDE_LIMIT"))

    def test_reasons(self):
        for who, words in (("RIDER", "A rider's: "), ("DRIVER", "A driver's: "), ("OPS", "Those of ops: ")):
            told = re.findall(r"`(\w+)`", self.page.split(words, 1)[1].split(".", 1)[0])
            self.assertEqual(told, [text for by, text in table("RIDE_REASON") if by == who])


if __name__ == "__main__":
    unittest.main()
