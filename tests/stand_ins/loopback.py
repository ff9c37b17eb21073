"""Runs a command that can reach nothing but loopback, and counts what tried to leave it.

`unshare --user --map-root-user --net python loopback.py COUNTED COMMAND...`: in a network of its
own the kernel counts every attempt for which it has no route. The file COUNTED is given their
number.
"""

import fcntl
import socket
import struct
import subprocess
import sys
from pathlib import Path

SET_FLAGS, UP = 0x8914, 0x1


def no_routes() -> int:
    """Return how often this network's kernel was asked for a way out over IPv4."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines()[:2])
    return int(values[names.index("OutNoRoutes")])


if __name__ == "__main__":
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))
    code = subprocess.call(sys.argv[2:])
    Path(sys.argv[1]).write_text(str(no_routes()))
    sys.exit(code)
