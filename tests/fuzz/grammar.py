#!/usr/bin/env python3
"""grammar.py OUT: the forms of tests/differ, and of families/ here for what redis-server lacks, as C, for
the fuzzer of commands.

Pools that are functions there are drawn from beforehand, with a fixed seed: what varies then is which
of the draws an input takes.
"""
import importlib.util
import pathlib
import random
import sys

DRAWS = 48
here = pathlib.Path(__file__).resolve().parent
differ = here.parent / "differ"
sys.path.insert(0, str(differ))
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


def families():
    return [load(path) for folder in (differ, here) for path in sorted((folder / "families").glob("*.py"))]


def forms(module):
    text = "".join(getattr(module, name, "") for name in ("FORMS", "WAITS", "LISTEN", "ADMIN"))
    if getattr(module, "COMMON", True):
        text += words.COMMON
    found = []
    for line in text.strip().split("\n"):
        weight, colon, rest = line.partition(": ")
        if line.strip():
            found.append(rest if colon and weight.isdigit() else line)
    return found


def family_c(module):
    rng = random.Random(7)
    # What has no pool of its own: keys the forms name themselves are keys all the same.
    pools = dict(words.POOLS, **getattr(module, "POOLS", {}))
    lines = forms(module)
    return "{%d, (const char *const[]){%s}, %d, (const struct pool[]){%s}}" % (
        len(lines), ", ".join('"%s"' % form.replace("\\", "\\\\").replace('"', '\\"') for form in lines),
        len(pools), ",\n".join(pool_c(name, source, rng) for name, source in sorted(pools.items())))


def main():
    with open(sys.argv[1], "w") as out:
        out.write("static const struct family families[] = {\n%s};\n" % ",\n".join(map(family_c, families())))


if __name__ == "__main__":
    main()
