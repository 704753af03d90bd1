"""Two-Time Pad: a stream cipher that starts its keystream anew for every message."""

import hashlib
import os
import socketserver
from pathlib import Path

KEY = os.urandom(32)
SECRET = Path("/answers/flag").read_text(encoding="utf-8").strip().encode()


def encrypt(message):
    # The mistake: no nonce. Every message meets the same keystream.
    stream = b"".join(
        hashlib.sha256(KEY + block.to_bytes(8, "big")).digest()
        for block in range(len(message) // 32 + 1)
    )
    return bytes(a ^ b for a, b in zip(message, stream)).hex()


class Courier(socketserver.StreamRequestHandler):
    timeout = 60

    def handle(self):
        self.say("Courier service. Type help.")
        for line in self.rfile:
            command, _, argument = line.decode(errors="replace").strip().partition(" ")
            if command == "help":
                self.say("encrypt HEX | secret | quit")
            elif command == "secret":
                self.say(encrypt(SECRET))
            elif command == "encrypt":
                try:
                    self.say(encrypt(bytes.fromhex(argument[:4096])))
                except ValueError:
                    self.say("not hex")
            elif command == "quit":
                return
            else:
                self.say("unknown command")

    def say(self, text):
        self.wfile.write(text.encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("0.0.0.0", 9000), Courier).serve_forever()
