#!/usr/bin/env python3
"""acl_file: users in a file, at hansom-store and at redis-server: read at start, saved, loaded again,
refused with the same words when a line is wrong, and a start that such a file prevents.

    acl_file.py --store build/dev/bin/hansom-store
"""
import os
import subprocess
import sys

from plays import compare
from run import Connection, Server, show

FIRST = ("user default on nopass ~* &* +@all\n"
         "\n"
         "user ann on >secret ~a* &c* +@all -@dangerous (+set ~b*) (+get\t %R~c )\n"
         "user bob off -@all +cluster|info\n")
WRONG = ["user ann on +nope ~* ~a\n", "usr ann on\n", "user ann on\nuser ann on\n", "user ann (+get\n",
         "user\n", "user ann >a <b\n", "ann on\n", "user default on\nuser default off\n", "user  on\n"]


class Play:
    """One store, its file, and what it said."""

    def __init__(self, kind, program, folder):
        self.kind, self.program = kind, program
        self.path = os.path.join(folder, kind + ".acl")
        self.said = []

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        self.server = Server(self.kind, self.program, ["--aclfile", self.path])
        self.admin = self.open()

    def open(self):
        return Connection(self.server.port)

    def ask(self, connection, line):
        try:
            connection.send([word.encode() for word in line.split(" ")])
            reply = show(connection.read())
        except OSError:
            reply = "(closed)"
        self.said.append((line, reply.replace(self.path, "FILE")))

    def run(self):
        return self.lives() and self.refuses_to_start()

    def lives(self):
        self.write(FIRST)
        self.start()
        for line in ("ACL LIST", "ACL GETUSER ann", "ACL DRYRUN bob get k"):
            self.ask(self.admin, line)
        ann = self.open()
        for line in ("AUTH ann secret", "SET b1 v", "GET c", "GET b1", "KEYS *", "ACL SAVE"):
            self.ask(ann, line)
        for line in ("ACL SETUSER cid on >x +get ~c", "ACL SAVE"):
            self.ask(self.admin, line)
        with open(self.path, encoding="utf-8") as file:
            self.said.append(("saved", file.read()))
        for text in WRONG:
            self.write(text)
            self.ask(self.admin, "ACL LOAD")
            self.ask(self.admin, "ACL USERS")
        self.ask(ann, "PING")
        self.write(FIRST)
        self.ask(self.admin, "ACL LOAD")
        self.ask(self.admin, "ACL USERS")
        self.ask(ann, "PING")
        self.write("user eve on nopass +@all\n")
        self.ask(self.admin, "ACL LOAD")
        self.ask(self.admin, "ACL LIST")
        os.unlink(self.path)
        self.ask(self.admin, "ACL LOAD")
        return self.server.stop() is None

    def refuses_to_start(self):
        self.write(WRONG[0])
        done = subprocess.run([self.program, "--port", str(self.server.port), "--aclfile", self.path], timeout=20,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode != 0 and b"+nope" in done.stdout


if __name__ == "__main__":
    sys.exit(compare("users in a file, at both stores", Play))
