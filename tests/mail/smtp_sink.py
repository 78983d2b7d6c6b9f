"""A mail server that keeps what it is given: `mail.submit` of a test."""

import socketserver
import threading

import support


class Handler(socketserver.StreamRequestHandler):
    timeout = 100

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        sink, envelope = self.server.sink, []
        self.say("220 sink ESMTP")
        for line in self.rfile:
            command = line.decode().strip()
            verb = command[:4].upper()
            if verb == "EHLO":
                self.say("250-sink\r\n250-8BITMIME\r\n250 DSN")
            elif verb == "QUIT":
                return self.say("221 bye")
            elif verb == "DATA":
                self.say("354 go on")
                sink.mails.append((envelope, self.read_message()))
                envelope = []
                self.say("250 taken")
            else:
                envelope.append(command)
                self.say("250 ok")
        return None

    def read_message(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Sink:
    """`mails` holds pairs: the commands of the envelope, and the message."""

    def __init__(self):
        self.mails = []
        self.port = support.free_port()
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.sink = self
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)
