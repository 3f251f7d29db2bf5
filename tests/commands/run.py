#!/usr/bin/env python3
"""run: plays a conversation (.t) at hansom-store and at redis-server.

A file is commands and the replies they must get; every expectation is proven against both:

    # words for the reader
    > SET a 1                 a command, on connection 1
    OK                        each reply is one line below it
    @2 > LPUSH a x            on connection 2 (any number; connections open when first named)
    ! WRONGTYPE Operation ...  an error: the whole line; a trailing * stands for any rest
    @2 > BLPOP l 0
    (blocked)                 no reply, and the server says one client more is blocked
    > LPUSH l v
    1
    @2 <                      one more reply of connection 2 (also messages and pushes)
    ["l", "v"]
    ? EXISTS k                asked again until the reply fits, for at most 5 seconds
    0
    %only hansom              (or redis) the next command is for one of the two
    %start --requirepass pw   in front of all commands: further flags for both servers
    %families                 the file is about the module families: redis-server plays it only
                              with --module, the loadable form of them
    %tag ...                  a word for ctest's labels; the runner skips it

Replies: integers and statuses bare, bulk strings in "quotes", (nil), (nil array), [a, b] for
arrays, {k: v} for maps, ~[a] for sets, >[a] for pushes, ,1.5 doubles, #t #f, =txt:"…" verbatim,
(none) for no reply. A line that is * fits any reply; ["a", *] fits by elements; unordered [..]
compares two arrays, maps or sets after sorting. A line that ends in a backslash goes on.

    run.py --store build/dev/bin/hansom-store FILE.t...      play and compare
    run.py --record FILE.t                                   print it with redis-server's replies
"""
import argparse
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ANY = object()


class Error(str):
    pass


class Status(str):
    pass


class Kind(list):
    """An aggregate that is not a plain array: kind is one of % ~ > |."""

    def __init__(self, kind, items):
        super().__init__(items)
        self.kind = kind


class Text(bytes):
    """A verbatim string or a big number: what stands in front of it is part of it."""


class NilArray:
    pass


NIL_ARRAY = NilArray()


class Hung(Exception):
    pass


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.data = b""

    def send(self, words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
        self.socket.sendall(b"".join(parts))

    def more(self):
        try:
            got = self.socket.recv(65536)
        except socket.timeout:
            raise Hung("no reply within 10 seconds")
        if not got:
            raise EOFError
        self.data += got

    def line(self):
        while b"\r\n" not in self.data:
            self.more()
        line, self.data = self.data.split(b"\r\n", 1)
        return line

    def take(self, n):
        while len(self.data) < n + 2:
            self.more()
        taken, self.data = self.data[:n], self.data[n + 2:]
        return taken

    def read(self):
        try:
            line = self.line()
        except (EOFError, ConnectionResetError):
            return Status("(closed)")
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return Status(rest.decode("latin-1"))
        if kind == b"-":
            return Error(rest.decode("latin-1"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.take(int(rest))
        if kind == b"*":
            return NIL_ARRAY if rest == b"-1" else [self.read() for _ in range(int(rest))]
        if kind == b"%" or kind == b"|":
            return Kind(kind.decode(), [self.read() for _ in range(2 * int(rest))])
        if kind in b"~>":
            return Kind(kind.decode(), [self.read() for _ in range(int(rest))])
        if kind == b"_":
            return None
        if kind == b",":
            return Status("," + rest.decode())
        if kind == b"#":
            return Status("#" + rest.decode())
        if kind == b"(":
            return Status("(" + rest.decode())
        if kind == b"=":
            return Text(self.take(int(rest)))
        raise ValueError("not RESP: %r" % line)

    def waiting(self):
        return bool(self.data) or bool(select.select([self.socket], [], [], 0)[0])


def quote(data):
    out = []
    for byte in data:
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char in "\n\r\t":
            out.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}[char])
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append("\\x%02x" % byte)
    return '"' + "".join(out) + '"'


def show(reply):
    if isinstance(reply, Error):
        return "! " + reply
    if isinstance(reply, Status):
        return str(reply)
    if isinstance(reply, bool) or isinstance(reply, int):
        return str(reply)
    if reply is None:
        return "(nil)"
    if reply is NIL_ARRAY:
        return "(nil array)"
    if isinstance(reply, Text):
        return "=" + reply[:4].decode() + quote(reply[4:])
    if isinstance(reply, bytes):
        return quote(reply)
    if isinstance(reply, Kind) and reply.kind == "%":
        pairs = zip(reply[::2], reply[1::2])
        return "{" + ", ".join(show(k) + ": " + show(v) for k, v in pairs) + "}"
    items = ", ".join(show(item) for item in reply)
    prefix = "" if not isinstance(reply, Kind) else reply.kind
    return prefix + "[" + items + "]"


def unquote(text, at):
    """The bytes of the quoted word that starts at text[at], and where it ends."""
    out = bytearray()
    at += 1
    plain = {"n": 10, "r": 13, "t": 9, "a": 7, "b": 8}
    while text[at] != '"':
        if text[at] == "\\":
            at += 1
            if text[at] == "x":
                out.append(int(text[at + 1:at + 3], 16))
                at += 3
                continue
            out.append(plain.get(text[at], ord(text[at])))
        else:
            out += text[at].encode()
        at += 1
    return bytes(out), at + 1


def words_of(text):
    words, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] == '"':
            word, at = unquote(text, at)
            words.append(word)
        else:
            end = at
            while end < len(text) and not text[end].isspace():
                end += 1
            words.append(text[at:end].encode())
            at = end
    return words


def top_items(text):
    """The elements of "a, [b, c], d" as strings."""
    items, depth, start, at = [], 0, 0, 0
    while at < len(text):
        char = text[at]
        if char == '"':
            at = unquote(text, at)[1]
            continue
        if char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
        elif char == "," and depth == 0 and text[at:at + 2] == ", ":
            items.append(text[start:at].strip())
            start = at + 1
        at += 1
    if text[start:].strip():
        items.append(text[start:].strip())
    return items


def fits(expected, reply):
    if expected == "*":
        return True
    if expected.startswith("unordered "):
        want = sorted(top_items(expected[len("unordered "):].lstrip("~")[1:-1]))
        if isinstance(reply, Kind) and reply.kind == "%":
            pairs = zip(reply[::2], reply[1::2])
            have = sorted(show(k) + ": " + show(v) for k, v in pairs)
        elif isinstance(reply, list):
            have = sorted(show(item) for item in reply)
        else:
            return False
        return want == have
    got = show(reply)
    if got.rstrip() == expected:
        return True
    if expected.startswith("! ") and expected.endswith("*"):
        return got.startswith(expected[:-1])
    if isinstance(reply, list) and "*" in expected:
        body = expected.lstrip("~>")
        is_map = isinstance(reply, Kind) and reply.kind == "%"
        if body[:1] != ("{" if is_map else "["):
            return False
        items = top_items(body[1:-1])
        if is_map:
            parts = [show(k) + ": " + show(v) for k, v in zip(reply[::2], reply[1::2])]
            return len(items) == len(parts) and all(
                i == p or (i.endswith(": *") and p.startswith(i[:-1])) for i, p in zip(items, parts))
        return len(items) == len(reply) and all(fits(i, r) for i, r in zip(items, reply))
    return False


class Step:
    def __init__(self, number, text):
        self.number, self.text, self.expected, self.only = number, text, [], None
        self.connection, self.action = "1", text[0]
        if text.startswith("@"):
            name, rest = text[1:].split(" ", 1)
            self.connection, self.action = name, rest[0]
            text = rest
        self.words = words_of(text[1:].strip())


def is_command(line):
    return line[:2] in ("> ", "? ") or line.startswith("@")


def parse(path):
    steps, flags, only, joined, families = [], [], None, "", False
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for number, line in enumerate(lines, 1):
        line = joined + line.strip()
        joined = ""
        if line.endswith("\\"):
            joined = line[:-1]
            continue
        if not line or line.startswith("#") and not line.startswith(("#t", "#f")):
            continue
        if line.startswith("%start "):
            flags += line.split()[1:]
        elif line.startswith("%only "):
            only = line.split()[1]
        elif line == "%families":
            families = True
        elif line.startswith("%tag"):
            continue
        elif is_command(line):
            step = Step(number, line)
            step.only, only = only, None
            steps.append(step)
        else:
            if not steps:
                sys.exit("%s:%d: a reply without a command" % (path, number))
            steps[-1].expected.append(line)
    return steps, flags, families


class Server:
    """One of the two stores, in a folder of its own, on a free port."""

    def __init__(self, kind, program, flags, file=None):
        self.kind = kind
        self.folder = tempfile.mkdtemp(prefix="hansom-t-")
        for _ in range(5):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
            args = [program, "--dir", self.folder, "--save", "", "--appendonly", "no"]
            if file:
                args = [program, file]
            args += ["--port", str(self.port)]
            if kind == "hansom":
                args += ["--admin-port", "-1"]
            self.log = open(os.path.join(self.folder, "log"), "wb")
            self.process = subprocess.Popen(args + flags, stdout=self.log, stderr=self.log)
            if self.is_up():
                return
        sys.exit("%s does not start: %s" % (program, open(self.log.name).read()))

    def is_up(self):
        until = time.monotonic() + 10
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return True
            except OSError:
                select.select([], [], [], 0.01)
        return False

    def stop(self):
        failed = self.process.poll()
        if failed is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        if self.kind == "hansom" and self.process.returncode not in (0, -signal.SIGTERM):
            with open(self.log.name, errors="replace") as log:
                sys.stderr.write(log.read()[-4000:])
            failed = self.process.returncode
        shutil.rmtree(self.folder, ignore_errors=True)
        return failed


class Player:
    def __init__(self, server):
        self.server, self.connections = server, {}
        self.password = None

    def connection(self, name):
        if name not in self.connections:
            self.connections[name] = Connection(self.server.port)
        return self.connections[name]

    def blocked(self):
        watcher = self.connection("watcher")
        watcher.send([b"INFO", b"clients"])
        reply = watcher.read()
        for line in bytes(reply).split(b"\r\n"):
            if line.startswith(b"blocked_clients:"):
                return int(line.split(b":")[1])
        return 0

    def play(self, step):
        """Runs a step; gives the replies, as many as are expected (at least one)."""
        connection = self.connection(step.connection)
        if step.expected == ["(blocked)"]:
            before = self.blocked()
            connection.send(step.words)
            until = time.monotonic() + 10
            while self.blocked() <= before:
                if connection.waiting():
                    return [connection.read()]
                if time.monotonic() > until:
                    return [Status("(not blocked)")]
            return [Status("(blocked)")]
        if step.action != "<":
            connection.send(step.words)
        if step.expected == ["(none)"]:
            return [Status("(none)")]
        replies = []
        for _ in range(max(1, len(step.expected))):
            replies.append(connection.read())
        return replies

    def step(self, step):
        """None, or what was wrong."""
        until = time.monotonic() + 5
        while True:
            try:
                replies = self.play(step)
            except Hung as error:
                return str(error)
            wrong = [(want, show(have)) for want, have in zip(step.expected, replies)
                     if show(have) != want and not fits(want, have)]
            if not wrong:
                return None
            if step.action != "?" or time.monotonic() > until:
                return "\n".join("    expected  %s\n    got       %s" % pair for pair in wrong)


def play_file(path, servers, module):
    steps, flags, families = parse(path)
    failures = 0
    if families and module is None:
        servers = [(kind, program) for kind, program in servers if kind == "hansom"]
    for kind, program in servers:
        loads = ["--loadmodule", module] if families and kind == "redis" else []
        server = Server(kind, program, flags + loads)
        player = Player(server)
        try:
            for step in steps:
                if step.only not in (None, kind):
                    continue
                if not step.expected:
                    print("%s:%d: a command without a reply" % (path, step.number))
                    failures += 1
                    continue
                wrong = player.step(step)
                if wrong is not None:
                    print("%s:%d: %s (%s)\n%s" % (path, step.number, step.text, kind, wrong))
                    failures += 1
                    if failures > 30:
                        break
        except (OSError, EOFError, ValueError) as error:
            print("%s: %s: %s" % (path, kind, error))
            failures += 1
        if server.stop() is not None:
            print("%s: %s ended by itself or with an error" % (path, kind))
            failures += 1
    count = len(steps)
    print("%s: %d commands at %s: %s" % (os.path.basename(path), count,
                                         " and ".join(kind for kind, _ in servers),
                                         "%d wrong" % failures if failures else "all right"))
    return failures


def record(path, program):
    steps, flags, _ = parse(path)
    by_line = {step.number: step for step in steps}
    server = Server("redis", program, flags)
    player = Player(server)
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    joined = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        step = by_line.get(number)
        is_comment = text[:1] in "#%" and not text.startswith(("#t", "#f"))
        is_reply = text and not is_comment and not is_command(text)
        joined = text.endswith("\\")
        if is_reply:
            continue
        print(line)
        if step is None:
            continue
        keep = step.expected and (step.expected[0].startswith(("(blocked)", "(none)", "unordered"))
                                  or "*" in " ".join(step.expected) or step.only == "hansom"
                                  or step.action == "?")
        if step.only == "hansom":
            replies = []
        elif step.action == "?":
            player.step(step)
            replies = []
        else:
            replies = player.play(step)
        for expected in step.expected if keep else [show(reply) for reply in replies]:
            print(expected)
    server.stop()


def main():
    args = argparse.ArgumentParser(description="plays conversations at the stores")
    args.add_argument("--store", help="the hansom-store program")
    args.add_argument("--peer", default="redis-server", help="the redis-server program")
    args.add_argument("--module", help="hansom-module.so, for the files about families")
    args.add_argument("--module-only", action="store_true",
                      help="play at redis-server with --module alone (another program: "
                           "HANSOM_MODULE_HOST); skipped when it is not there")
    args.add_argument("--record", action="store_true", help="print the peer's replies")
    args.add_argument("files", nargs="+")
    options = args.parse_args()
    if options.module_only:
        options.peer = os.environ.get("HANSOM_MODULE_HOST", options.peer)
    peer = shutil.which(options.peer)
    if options.record:
        for path in options.files:
            record(path, peer)
        return 0
    if options.module_only and not peer:
        print("skipped: no %s here" % options.peer)
        return 77
    servers = [("hansom", options.store)] if options.store else []
    if peer:
        servers.append(("redis", peer))
    else:
        print("no %s here: playing at hansom-store alone" % options.peer)
    return 1 if sum(play_file(path, servers, options.module) for path in options.files) else 0


if __name__ == "__main__":
    sys.exit(main())
