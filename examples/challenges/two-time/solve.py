"""solve.py URL: encrypt zeros to learn the keystream, then take it off the secret."""

import socket
import sys
from urllib.parse import urlsplit

address = urlsplit(sys.argv[1])
with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
    lines = connection.makefile("rw", newline="\n")
    lines.readline()

    def ask(command):
        lines.write(command + "\n")
        lines.flush()
        return bytes.fromhex(lines.readline())

    secret = ask("secret")
    keystream = ask("encrypt " + "00" * len(secret))
print(bytes(a ^ b for a, b in zip(secret, keystream)).decode())
