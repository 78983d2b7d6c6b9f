"""Dovecot's authentication protocol, as much as Postfix's smtpd asks for.

smtpd offers AUTH, and believes XCLIENT LOGIN, only while such a server says
which mechanisms it has. Any name with the password "right" is let in.
"""

import base64
import os
import socketserver
import threading

HELLO = (b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n"
         b"COOKIE\t00112233445566778899aabbccddeeff\nDONE\n")


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(HELLO)
        for line in self.rfile:
            words = line.rstrip(b"\n").split(b"\t")
            if words[0] == b"AUTH":
                self.wfile.write(self.answer(words))

    @staticmethod
    def answer(words):
        given = next((word[5:] for word in words
                      if word.startswith(b"resp=")), b"")
        _, user, password = (base64.b64decode(given).split(b"\0")
                             + [b"", b"", b""])[:3]
        if password == b"right":
            return b"OK\t%s\tuser=%s\n" % (words[1], user)
        return b"FAIL\t%s\tuser=%s\n" % (words[1], user)


class LoginServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path):
        super().__init__(str(path), Session)
        os.chmod(path, 0o666)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()
