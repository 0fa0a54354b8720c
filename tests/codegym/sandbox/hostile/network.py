"""The network, of every family: nobody outside can be reached."""

from __future__ import annotations

from hostile.record import attack

_HOLDS = "no network"

_RAW = """
import socket
for family, kind, protocol in {combinations}:
    try: socket.socket(family, kind, protocol)
    except OSError: continue
    won = True
"""

PROGRAMS = (
    attack(
        "sends_a_datagram_to_the_host",
        "a datagram socket of a pair does not reach the host's sockets",
        """
        import _socket
        one, other = _socket.socketpair(1, 2)
        won = one.sendto(b'hello', '@DATAGRAM@') > 0
        """,
        layers=("seccomp", "root", "mount"),
    ),
    attack(
        "connects_over_tcp",
        _HOLDS,
        "import socket\nwon = bool(socket.create_connection(('127.0.0.1', @PORT@), timeout=0.5).recv(5))",
        layers=("network", "seccomp", "landlock"),
    ),
    attack(
        "connects_over_tcp6",
        _HOLDS,
        "import socket\nwon = bool(socket.create_connection(('::1', @PORT6@), timeout=0.5).recv(5))",
        layers=("network", "seccomp", "landlock"),
    ),
    attack(
        "sends_udp",
        _HOLDS,
        """
        import socket
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.settimeout(0.5)
        udp.sendto(b'hello', ('127.0.0.1', @UDP_PORT@))
        won = bool(udp.recv(5))
        """,
        layers=("network", "seccomp"),
    ),
    attack(
        "reaches_a_unix_socket",
        _HOLDS,
        "import socket\nunix = socket.socket(socket.AF_UNIX)\nunix.connect('@SOCKET@')\nwon = True",
        layers=("mount", "seccomp", "landlock"),
    ),
    attack(
        "reaches_an_abstract_socket",
        _HOLDS,
        "import socket\nunix = socket.socket(socket.AF_UNIX)\nunix.connect('\\0@ABSTRACT@')\nwon = True",
        layers=("network", "seccomp", "landlock"),
    ),
    attack(
        "sees_the_hosts_interfaces",
        _HOLDS,
        "import socket\nwon = len(socket.if_nameindex()) > 1",
    ),
    attack(
        "opens_a_packet_socket",
        _HOLDS,
        _RAW.format(combinations="((17, 3, 3), (17, 2, 3), (2, 3, 1), (2, 3, 255), (10, 3, 58))"),
    ),
    attack(
        "opens_a_vsock",
        "the hypervisor cannot be called",
        _RAW.format(combinations="((40, 1, 0), (40, 2, 0))"),
        layers=("seccomp",),
    ),
    attack(
        "opens_strange_families",
        "no rarely used kernel code is in reach",
        _RAW.format(
            combinations="[(family, kind, 0) for family in (38, 31, 29, 30, 41, 43, 44, 15, 21, 9, 3, 4, 5) for kind in (1, 2, 3, 5)]"
        ),
    ),
    attack(
        "talks_to_the_kernel_by_netlink",
        _HOLDS,
        _RAW.format(combinations="[(16, 3, protocol) for protocol in range(23)]"),
        layers=("seccomp",),
    ),
    attack(
        "asks_the_name_server",
        _HOLDS,
        "import socket\nsocket.setdefaulttimeout(0.5)\nwon = bool(socket.getaddrinfo('example.com', 80))",
    ),
    attack(
        "listens",
        _HOLDS,
        """
        import socket
        server = socket.socket()
        server.bind(('0.0.0.0', 0))
        server.listen()
        won = True
        """,
        layers=("seccomp", "landlock"),
    ),
    attack(
        "fetches_a_page",
        _HOLDS,
        "import urllib.request\nwon = bool(urllib.request.urlopen('http://127.0.0.1:@PORT@/', timeout=0.5))",
    ),
)  # fmt: skip
