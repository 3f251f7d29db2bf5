#!/usr/bin/env python3
"""TLS on a second port: real clients, wrong certificates, wrong bytes, and half a handshake."""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest

import redis
import server

MB = 1 << 20
until = server.until


class Certificates:
    """An authority with a certificate each for the store and a client, and another authority."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="hansom-tls-")
        for authority in ("ca", "other"):
            self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-days", "2", "-subj", "/CN=" + authority, "-keyout", self[authority + ".key"],
                     "-out", self[authority + ".crt"])
        for name in ("store", "client", "next"):
            self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", "/CN=" + name, "-keyout", self[name + ".key"], "-out", self["request"])
            with open(self["names"], "w") as f:
                f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
            self.run("x509", "-req", "-in", self["request"], "-CA", self["ca.crt"], "-CAkey",
                     self["ca.key"], "-CAcreateserial", "-days", "2", "-extfile", self["names"],
                     "-out", self[name + ".crt"])

    def __getitem__(self, name):
        return os.path.join(self.dir, name)

    def run(self, *words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certs = Certificates()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.certs.dir)

    def store(self, *flags, auth="no"):
        self.tls_port = free_port()
        s = server.Server("--tls-port", str(self.tls_port), "--tls-cert-file", self.certs["store.crt"],
                          "--tls-key-file", self.certs["store.key"], "--tls-ca-cert-file",
                          self.certs["ca.crt"], "--tls-auth-clients", auth, *flags)
        self.addCleanup(s.stop)
        return s

    def db(self, **more):
        more = {"ssl_ca_certs": self.certs["ca.crt"], **more}
        db = redis.Redis(port=self.tls_port, ssl=True, socket_timeout=60, **more)
        self.addCleanup(db.close)
        return db

    def raw(self):
        s = socket.create_connection(("127.0.0.1", self.tls_port), timeout=30)
        self.addCleanup(s.close)
        return s

    def wrapped(self):
        context = ssl.create_default_context(cafile=self.certs["ca.crt"])
        s = context.wrap_socket(self.raw(), server_hostname="localhost")
        self.addCleanup(s.close)
        return s

    def ended(self, s):
        """Whether the store hangs up, whatever it says before."""
        try:
            while s.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return True

    def test_python_redis_and_a_plain_client_share_the_store(self):
        s = self.store()
        db = self.db()
        plain = redis.Redis(port=s.port)
        self.addCleanup(plain.close)
        db.set("k", "over tls")
        self.assertEqual(plain.get("k"), b"over tls")
        listener = db.pubsub()
        self.addCleanup(listener.close)
        listener.subscribe("ch")
        self.assertEqual(listener.get_message(timeout=30)["type"], "subscribe")
        plain.publish("ch", "hello")
        self.assertEqual(listener.get_message(timeout=30)["data"], b"hello")
        self.assertTrue(plain.ping())

    def test_both_versions_and_no_older_one(self):
        self.store()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.create_default_context(cafile=self.certs["ca.crt"])
            context.minimum_version = context.maximum_version = version
            with context.wrap_socket(self.raw(), server_hostname="localhost") as s:
                s.sendall(b"PING\r\n")
                self.assertEqual(s.recv(100), b"+PONG\r\n")
        context = ssl.create_default_context(cafile=self.certs["ca.crt"])
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            context.wrap_socket(self.raw(), server_hostname="localhost")

    def test_redis_cli_over_tls(self):
        self.store()
        words = ["redis-cli", "--tls", "-h", "localhost", "-p", str(self.tls_port)]
        got = subprocess.run([*words, "--cacert", self.certs["ca.crt"], "SET", "k", "v"],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(got.stdout.strip(), "OK", got.stderr)
        got = subprocess.run([*words, "--cacert", self.certs["other.crt"], "GET", "k"],
                             capture_output=True, text=True, timeout=60)
        self.assertIn("certificate verify failed", got.stderr + got.stdout)

    def test_clients_must_bring_a_certificate_of_the_authority(self):
        self.store(auth="yes")
        mine = {"ssl_certfile": self.certs["client.crt"], "ssl_keyfile": self.certs["client.key"]}
        self.assertTrue(self.db(**mine).ping())
        for wrong in ({}, {"ssl_certfile": self.certs["other.crt"],
                           "ssl_keyfile": self.certs["other.key"]}):
            with self.assertRaises((redis.ConnectionError, ssl.SSLError, OSError)):
                self.db(**wrong).ping()
        self.assertTrue(self.db(**mine).ping())

    def test_pipelines_of_megabytes_go_both_ways(self):
        self.store()
        db = self.db()
        value = os.urandom(3 * MB)
        with db.pipeline(transaction=False) as pipe:
            for i in range(10):
                pipe.set("big%d" % i, value)
            for i in range(10):
                pipe.get("big%d" % i)
            for i in range(20000):
                pipe.incr("n")
            got = pipe.execute()
        self.assertEqual(got[:10], [True] * 10)
        self.assertTrue(all(one == value for one in got[10:20]))
        self.assertEqual(got[20:], list(range(1, 20001)))

    def test_commands_come_in_pieces_of_any_size(self):
        self.store()
        s = self.wrapped()
        for byte in b"*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n":
            s.sendall(bytes([byte]))
        self.assertEqual(s.recv(100), b"$5\r\nhello\r\n")

    def test_plain_bytes_on_the_tls_port_are_refused(self):
        self.store()
        s = self.raw()
        s.sendall(b"PING\r\n" * 10)
        self.assertTrue(self.ended(s))
        self.assertTrue(self.db().ping())

    def test_half_a_handshake_ends_by_itself(self):
        self.store("--tls-handshake-timeout", "1")
        silent, stopped = self.raw(), self.raw()
        stopped.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")  # the head of a hello
        self.assertTrue(self.ended(stopped))
        self.assertTrue(self.ended(silent))
        self.assertTrue(self.db().ping())

    def test_a_reader_that_stops_is_closed_at_its_limit(self):
        s = self.store("--client-output-buffer-limit", "pubsub", str(4 * MB), "0", "0")
        plain = redis.Redis(port=s.port)
        self.addCleanup(plain.close)
        slow = self.wrapped()
        slow.sendall(b"SUBSCRIBE ch\r\n")
        until(lambda: plain.pubsub_numsub("ch")[0][1] == 1, "the subscription")
        for _ in range(40):
            plain.publish("ch", "x" * MB)
        until(lambda: plain.pubsub_numsub("ch")[0][1] == 0, "its end")

    def test_certificates_are_changed_while_clients_stay(self):
        s = self.store()
        plain = redis.Redis(port=s.port)
        self.addCleanup(plain.close)
        old = self.wrapped()
        self.assertIn("store", str(old.getpeercert()["subject"]))
        with self.assertRaisesRegex(redis.ResponseError, "tls-cert-file"):
            plain.config_set("tls-cert-file", "/nowhere")
        self.assertIn("store", str(self.wrapped().getpeercert()["subject"]))
        plain.execute_command("CONFIG", "SET", "tls-cert-file", self.certs["next.crt"],
                              "tls-key-file", self.certs["next.key"])
        self.assertIn("next", str(self.wrapped().getpeercert()["subject"]))
        old.sendall(b"PING\r\n")
        self.assertEqual(old.recv(100), b"+PONG\r\n")

    def refusal(self, *flags):
        got = subprocess.run([server.PROGRAM, "--port", "0", "--admin-port", "-1", "--dir",
                              self.certs.dir, "--tls-port", str(free_port()), *flags],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(got.returncode, 78)
        lines = [line for line in got.stderr.splitlines() if "cannot_start" in line]
        self.assertEqual(len(lines), 1, got.stderr)
        return lines[0]

    def test_bad_files_are_one_clear_line(self):
        good = ["--tls-cert-file", self.certs["store.crt"], "--tls-key-file", self.certs["store.key"]]
        self.assertIn("tls-port needs tls-cert-file and tls-key-file", self.refusal())
        self.assertIn("tls-cert-file /nowhere: No such file",
                      self.refusal("--tls-cert-file", "/nowhere", *good[2:]))
        self.assertIn("tls-key-file", self.refusal(*good[:2], "--tls-key-file", self.certs["next.key"]))
        self.assertIn("tls-auth-clients needs tls-ca-cert-file", self.refusal(*good))
        self.assertIn("tls-protocols TLSv1: ", self.refusal(*good, "--tls-auth-clients", "no",
                                                            "--tls-protocols", "TLSv1"))
        self.assertIn("tls-ciphers nonsense", self.refusal(*good, "--tls-auth-clients", "no",
                                                           "--tls-ciphers", "nonsense"))

    def test_port_0_leaves_tls_alone(self):
        self.tls_port = free_port()
        words = [server.PROGRAM, "--port", "0", "--admin-port", "-1", "--dir", self.certs.dir,
                 "--tls-port", str(self.tls_port), "--tls-cert-file", self.certs["store.crt"],
                 "--tls-key-file", self.certs["store.key"], "--tls-auth-clients", "no"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            self.assertIn("port=-1", process.stdout.readline())
            self.assertTrue(self.db().ping())
            process.terminate()
            self.assertEqual(process.wait(60), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
