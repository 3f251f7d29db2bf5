"""wire: one server process, its connections, and raw RESP.

A reply is kept as the bytes that came; split() only finds where it ends. tree() takes it apart
for the few comparisons that need more than equal bytes.
"""
import os
import socket
import subprocess
import time


class Lost(Exception):
    pass


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else word.encode("latin-1")
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def split(data, at):
    """Where the reply that starts at `at` ends, or -1 while it is not whole."""
    line_end = data.find(b"\r\n", at)
    if line_end < 0:
        return -1
    kind = data[at]
    end = line_end + 2
    if kind in b"+-:_,#(":
        return end
    count = int(data[at + 1:line_end])
    if kind in b"$=":
        if count < 0:
            return end
        end += count + 2
        return end if end <= len(data) else -1
    if kind in b"%|":
        count *= 2
    elif kind not in b"*~>":
        raise ValueError("not RESP: %r" % data[at:at + 60])
    for _ in range(count):
        end = split(data, end)
        if end < 0:
            return -1
    return split(data, end) if kind == ord("|") else end


def split_all(data):
    """The replies that data is made of."""
    found, at = [], 0
    while at < len(data):
        end = split(data, at)
        found.append(data[at:end])
        at = end
    return found


def tree(data):
    """(kind, value): value is bytes, an int, None, or a list of trees."""
    def walk(at):
        line_end = data.index(b"\r\n", at)
        kind, text, end = chr(data[at]), data[at + 1:line_end], line_end + 2
        if kind == ":":
            return (kind, int(text)), end
        if kind in "+-,#(_":
            return (kind, text), end
        count = int(text)
        if count < 0:
            return (kind, None), end
        if kind in "$=":
            return (kind, data[end:end + count]), end + count + 2
        items = []
        for _ in range(count * 2 if kind in "%|" else count):
            item, end = walk(end)
            items.append(item)
        return (kind, items), end
    return walk(0)[0]


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(60)
        self.path = path
        self.data = b""
        self.id = b"0"
        self.marks = 0

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as why:
            raise Lost("%s: %s" % (self.path, why))

    def more(self):
        try:
            got = self.socket.recv(1 << 18)
        except socket.timeout:
            raise Lost("%s: no reply within 60 seconds; so far %r" % (self.path, self.data[-200:]))
        except OSError as why:
            raise Lost("%s: %s" % (self.path, why))
        if not got:
            raise Lost("%s: closed; last bytes %r" % (self.path, self.data[-200:]))
        self.data += got

    def replies(self, count):
        found, at = [], 0
        while len(found) < count:
            end = split(self.data, at)
            if end < 0:
                self.data = self.data[at:]
                at = 0
                self.more()
                continue
            found.append(self.data[at:end])
            at = end
        self.data = self.data[at:]
        return found

    def replies_to_mark(self):
        """All that came up to now, pushes too."""
        return split_all(self.bytes_to_mark())

    def bytes_to_mark(self):
        """The same in one piece: a PING with a word of its own ends it, in the queue of replies."""
        self.marks += 1
        mark = b"mark-%010d\r\n" % self.marks
        self.send(encode([b"PING", mark[:-2]]))
        while not self.data.endswith(mark):
            self.more()
        data, self.data = self.data[:-len(mark) - len(b"$15\r\n")], b""
        pong = b"*2\r\n$4\r\npong\r\n"  # what a subscriber in RESP2 gets
        return data[:-len(pong)] if data.endswith(pong) else data

    def call(self, *words):
        self.send(encode(words))
        return self.replies(1)[0]


class Server:
    def __init__(self, name, argv, folder):
        self.name = name
        self.path = "%s/%s.sock" % (folder, name)
        home = "%s/%s" % (folder, name)
        os.mkdir(home)
        self.log = open(home + "/log", "wb")
        self.process = subprocess.Popen(
            argv + ["--port", "0", "--save", "", "--dir", home, "--unixsocket", self.path],
            stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while True:
            try:
                Connection(self.path).call("PING")
                return
            except (OSError, Lost):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("cannot reach " + argv[0])
                os.sched_yield()

    def stop(self):
        """Ends the process; a sanitizer's or a crash's words when it did not end well."""
        self.process.terminate()
        code = self.process.wait(timeout=30)
        self.log.close()
        if code == 0:
            return None
        with open(self.log.name, "rb") as log:
            return "%s ended with %d\n%s" % (self.name, code, log.read()[-4000:].decode("latin-1"))
