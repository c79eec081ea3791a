"""Ports of 127.0.0.1 for servers that are started, ended and started again on the same ones."""

import random
import socket

# Below those that Linux gives to whoever asks for any (from 32768): while a server is away, neither a
# client's connection nor another test's server is given its port.
_FIRST, _END = 20_000, 32_000
_BLOCK = 16
_held = []  # sockets, as long as this process lives


def _bind(port, backlog=None):
    """A socket that keeps the port, and listens if there is a backlog; None if the port is taken."""
    one = socket.socket()
    try:
        if backlog is not None:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # whoever had it may just have gone
        one.bind(("127.0.0.1", port))
        if backlog is not None:
            one.listen(backlog)
        return one
    except OSError:
        one.close()
        return None


def _is_free(port):
    one = _bind(port, backlog=1)
    if one is not None:
        one.close()
    return one is not None


def reserve_ports(count):
    """So many ports, which no other process gets from here while this one lives.

    The first port of each block is no server's: who holds it has the block.
    """
    if not 0 < count < _BLOCK:
        raise ValueError(f"from 1 to {_BLOCK - 1} ports can be had at a time, not {count}")
    blocks = list(range(_FIRST, _END, _BLOCK))
    random.shuffle(blocks)
    for first in blocks:
        holder = _bind(first)
        if holder is None:
            continue
        ports = list(range(first + 1, first + 1 + count))
        if all(map(_is_free, ports)):
            _held.append(holder)
            return ports
        holder.close()
    raise RuntimeError(f"no {count} ports from {_FIRST} to {_END} are free")
