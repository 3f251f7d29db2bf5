#!/usr/bin/env python3
"""coverage: every command and subcommand of commands.def is played by a conversation that
expects something of it. Prints those that are not, and fails.

    coverage.py store/cmd/commands.def tests/commands/*.t
"""
import re
import sys

import run

def commands(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    containers = set(re.findall(r'^CONTAINER\("([^"]+)"', text, re.M))
    names = set(re.findall(r'^CMD\("([^"]+)"', text, re.M)) - containers
    return names | {"%s|%s" % sub for sub in re.findall(r'^SUB\("([^"]+)", "([^"]+)"', text, re.M)}


def played(paths):
    names = set()
    for path in paths:
        steps = run.parse(path)[0]
        for step in steps:
            words = [word.decode("latin-1").upper() for word in step.words[:2]]
            if step.expected and words and step.only != "redis":
                names.update([words[0], "|".join(words)])
    return names


def main():
    wanted, have = commands(sys.argv[1]), played(sys.argv[2:])
    missing = sorted(wanted - have)
    for name in missing:
        print("no conversation plays %s" % name.replace("|", " "))
    print("%d commands, %d without a conversation" % (len(wanted), len(missing)))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
