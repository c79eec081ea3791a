"""A proxy between clients and the broker of with_broker that cuts connections: at any byte of a question
or of an answer, after the broker has done what it was asked, or all at once."""

import os
import random
import re
import socket
import struct
import threading

CHUNK = 65536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST
SHORTEST_S, LONGEST_S = 0.05, 0.8  # between two cuts
LONGEST_ANSWER = 2 ** 15  # bytes that may pass before a cut
LONGEST_QUESTION = 2 ** 11
# The head of a question for records: API key 1, its version, a number, the client's name.
FETCH = re.compile(rb"\0\x01\0(.).{4}\0\x08lakeward", re.DOTALL)


def address(variable):
    host, port = os.environ[variable].rsplit(":", 1)
    return host, int(port)


class Connection:
    """A client's connection and the proxy's own to the broker, and two threads that pass on bytes."""

    def __init__(self, client, server):
        self.sockets = {"question": client, "answer": server}  # where each is read from
        self.budget = {"question": None, "answer": None}  # bytes that may still pass; None: all
        self.cut_in = None  # where the budget ran out: in a question or an answer
        self.fetch_versions = set()  # of questions that are not encrypted
        self.ends = 0
        self.lock = threading.Lock()
        for kind in self.sockets:
            threading.Thread(target=self.pass_on, args=(kind,), daemon=True).start()

    def is_open(self):
        return self.ends == 0

    def limit(self, kind, count):
        self.budget[kind] = count

    def shut(self):
        for one in self.sockets.values():
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other side was faster

    def pass_on(self, kind):
        source = self.sockets[kind]
        sink = self.sockets["answer" if kind == "question" else "question"]
        try:
            while data := source.recv(CHUNK):
                if kind == "question":
                    self.fetch_versions.update(head[0] for head in FETCH.findall(data))
                allowed = self.budget[kind]
                if allowed is None:
                    sink.sendall(data)
                    continue
                sink.sendall(data[:allowed])
                self.budget[kind] = allowed - len(data)
                if self.budget[kind] < 0:
                    self.cut_in = kind
                    break
        except OSError:
            pass  # one of both is gone, and so will be the other
        self.end()

    def end(self):
        """Of each thread: the first wakes the other, the last closes. With RST if the budget ran out."""
        with self.lock:
            self.ends += 1
            first = self.ends == 1
        for one in self.sockets.values():
            if not first:
                one.close()
                continue
            try:
                if self.cut_in is not None:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                one.shutdown(socket.SHUT_RD)
            except OSError:
                pass  # it is gone


class Proxy:
    """Listens where a listener of the broker says that it is: `PROXY`, or `TLS_PROXY`, whose bytes are passed on
    encrypted as they are. Between start_cutting() and stop_cutting() it cuts connections at random moments."""

    def __init__(self, name, seed):
        self.random = random.Random(f"{name} {seed}")
        self.server = address(f"LAKEWARD_KAFKA_BEHIND_{name}")
        self.listener = socket.create_server(address(f"LAKEWARD_KAFKA_{name}"))
        self.connections = []
        self.cuts_at_once = 0
        self.stopped = threading.Event()
        self.cutter = None
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(self.server)
            except OSError:
                client.close()  # the broker is down
                continue
            self.connections.append(Connection(client, server))

    def start_cutting(self):
        self.stopped.clear()
        self.cutter = threading.Thread(target=self.cut_until_stopped, daemon=True)
        self.cutter.start()

    def stop_cutting(self):
        self.stopped.set()
        self.cutter.join()
        for one in self.connections:
            one.limit("question", None)
            one.limit("answer", None)

    def cut_until_stopped(self):
        while not self.stopped.wait(self.random.uniform(SHORTEST_S, LONGEST_S)):
            self.cut()

    def cut(self):
        open_ones = [one for one in self.connections if one.is_open()]
        if not open_ones:
            return
        one = self.random.choice(open_ones)
        what = self.random.choice(["done", "answer", "question", "done", "answer", "question", "all"])
        if what == "done":  # the broker has answered, and nobody hears of it
            one.limit("answer", 0)
        elif what == "answer":
            one.limit("answer", self.some_bytes(LONGEST_ANSWER))
        elif what == "question":
            one.limit("question", self.some_bytes(LONGEST_QUESTION))
        else:
            self.cuts_at_once += len(open_ones)
            for other in open_ones:
                other.shut()

    def some_bytes(self, longest):
        """As often 10 as 100 or 1000: most of what is said is short."""
        return int(longest ** self.random.random())

    def count_cuts_in(self, kind):
        return sum(one.cut_in == kind for one in self.connections)

    def fetch_versions(self):
        return set().union(*(one.fetch_versions for one in self.connections))

    def summary(self):
        return (f"{self.count_cuts_in('answer')} connections cut in an answer, "
                f"{self.count_cuts_in('question')} in a question, {self.cuts_at_once} with all others")
