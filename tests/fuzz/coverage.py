#!/usr/bin/env python3
"""coverage: every command and subcommand of the tables has a form that the fuzzer of commands plays, or a
line here that says why not. Prints those that have neither, and fails.

    coverage.py store/cmd/commands.def store/cmd/families.def
"""
import itertools
import pathlib
import re
import sys

import grammar

# Never played by fuzz_commands.c, or nothing that a form could add to the words drawn anywhere.
LEFT_OUT = {
    "SHUTDOWN": "it would end the process",
    "DEBUG": "it breaks promises on purpose",
}


def commands(path):
    text = pathlib.Path(path).read_text()
    containers = set(re.findall(r'^CONTAINER\("([^"]+)"', text, re.M))
    names = set(re.findall(r'^(?:CMD|FAMILY)\("([^"]+)"', text, re.M)) - containers
    return names | {"%s %s" % sub for sub in re.findall(r'^SUB\("([^"]+)", "([^"]+)"', text, re.M)}


def begun(form):
    """The first words that a form may have, and the pairs of first words."""
    heads = [word.lstrip("?").split("|") for word in form.upper().split()[:2]]
    return {" ".join(words) for n in (1, 2) for words in itertools.product(*heads[:n])}


def main():
    wanted = set().union(*map(commands, sys.argv[1:]))
    have = {words for family in grammar.families() for form in grammar.forms(family) for words in begun(form)}
    missing = sorted(wanted - have - set(LEFT_OUT))
    for name in missing:
        print("no form plays %s" % name)
    for name in sorted(set(LEFT_OUT) - wanted):
        print("there is no %s to leave out" % name)
    print("%d commands, %d without a form, %d left out" % (len(wanted), len(missing), len(LEFT_OUT)))
    return 1 if missing or not set(LEFT_OUT) <= wanted else 0


if __name__ == "__main__":
    sys.exit(main())
