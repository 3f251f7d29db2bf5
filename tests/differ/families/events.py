"""events: every family's commands on one connection, heard by a subscriber of all keyspace events.

Events come in the order in which the changes were made; run compares them as they are."""
import importlib

from families.zsets import normal  # noqa: F401 (which zeros are negative)

OTHERS = [importlib.import_module("families." + name) for name in (
    "strings", "hashes", "lists", "sets", "zsets", "streams", "groups", "bits", "hyperloglog", "geo", "keys", "sorts")]
COMMON = False
FLAGS = ["--notify-keyspace-events", "KEA"]
RULES = {}
for _family in OTHERS[:-1]:  # sorts' rules know its own keys
    RULES.update(getattr(_family, "RULES", {}))


def scenes(draw):
    from words import Draw
    draws = [Draw("%s/%r" % (family.__name__, draw.rng.random()), family.FORMS, getattr(family, "POOLS", None))
             for family in OTHERS]
    while True:
        one = draw.rng.choice(draws)
        yield [(0, words) for words in (one.one() for _ in range(draw.rng.randrange(5, 60)))
               if words[0].upper() not in ("SWAPDB", "SPOP")]


FORMS = "PING"
