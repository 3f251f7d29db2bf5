#!/usr/bin/env python3
"""grammar.py OUT: the forms of tests/differ as C, for the fuzzer of commands.

Pools that are functions there are drawn from beforehand, with a fixed seed: what varies then is which
of the draws an input takes.
"""
import importlib.util
import pathlib
import random
import sys

DRAWS = 48
here = pathlib.Path(__file__).resolve().parent.parent / "differ"
sys.path.insert(0, str(here))
import words  # noqa: E402


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def slice_c(text):
    data = text if isinstance(text, bytes) else text.encode("latin-1")
    return '{"%s", %d}' % ("".join("\\%03o" % byte for byte in data), len(data))


def pool_c(name, source, rng):
    choices = [source(rng) for _ in range(DRAWS)] if callable(source) else source
    rows = []
    for choice in choices:
        row = choice if isinstance(choice, list) else [choice]
        rows.append("{%d, (const struct slice[]){%s}}" % (len(row), ", ".join(map(slice_c, row))))
    return "{%s, %d, (const struct choice[]){%s}}" % (slice_c(name), len(rows), ", ".join(rows))


def family_c(module):
    rng = random.Random(7)
    pools = dict(words.POOLS, **getattr(module, "POOLS", {}))
    # What has no pool of its own: keys the forms name themselves are keys all the same.
    text = "".join(getattr(module, name, "") for name in ("FORMS", "WAITS", "LISTEN"))
    if getattr(module, "COMMON", True):
        text += words.COMMON
    forms = []
    for line in text.strip().split("\n"):
        weight, colon, rest = line.partition(": ")
        if line.strip():
            forms.append(rest if colon and weight.isdigit() else line)
    return "{%d, (const char *const[]){%s}, %d, (const struct pool[]){%s}}" % (
        len(forms), ", ".join('"%s"' % form.replace("\\", "\\\\").replace('"', '\\"') for form in forms),
        len(pools), ",\n".join(pool_c(name, source, rng) for name, source in sorted(pools.items())))


families = [load(path) for path in sorted((here / "families").glob("*.py"))]
with open(sys.argv[1], "w") as out:
    out.write("static const struct family families[] = {\n%s};\n"
              % ",\n".join(map(family_c, families)))
