"""Calls by the hundred over TLS: callers and a PBX, on one event loop.

SIPp as packaged speaks no TLS. Each call is INVITE, answer, ACK, and when it
was taken BYE and its answer; every message is read as it comes.
"""

import asyncio
import re

from actor import Call, Message
from stream_actor import message_length


class Talker:
    """One side of a stream, as actor.Call and Actor.reply want it."""

    transport, parameter = "TLS", ";transport=tls"

    def __init__(self, reader, writer, near=None):
        self.reader, self.writer = reader, writer
        self.host, self.port = near or writer.get_extra_info("sockname")[:2]
        self.data = b""

    def send(self, message, _=None):
        self.writer.write(message if isinstance(message, bytes)
                          else message.encode())

    async def receive(self):
        """The next message; None at the end."""
        while True:
            length = message_length(self.data)
            if length:
                message = Message(self.data[:length])
                self.data = self.data[length:]
                return message
            got = await self.reader.read(65536)
            if not got:
                return None
            self.data += got


def answer(talker, request, code, tag=""):
    lines = [f"SIP/2.0 {code} Words"]
    lines += [f"{n}: {v}" for n, v in request.headers
              if n in ("Via", "Record-Route", "From", "Call-ID", "CSeq")]
    to = request.get("To") + (f";tag={tag}" if tag else "")
    talker.send("\r\n".join(lines + [
        f"To: {to}", f"Contact: <sip:pbx@{talker.host}:{talker.port}"
        ";transport=tls>", "Content-Length: 0"]) + "\r\n\r\n")


class Pbx:
    """Answers every call, at host and port; counts its streams and calls."""

    def __init__(self, context):
        self.context = context
        self.streams = self.calls = self.ended = 0

    async def start(self, host, port):
        self.near = host, port
        self.server = await asyncio.start_server(
            self._serve, host, port, ssl=self.context)

    async def _serve(self, reader, writer):
        self.streams += 1
        talker = Talker(reader, writer, self.near)
        while request := await talker.receive():
            if request.method == "INVITE":
                self.calls += 1
                answer(talker, request, 180, "pbx")
                answer(talker, request, 200, "pbx")
            elif request.method != "ACK":
                self.ended += request.method == "BYE"
                answer(talker, request, 200)
        writer.close()


async def caller(number, proxy, context, uris, results, name):
    """One stream with one call to each URI, all begun at once."""
    reader, writer = await asyncio.open_connection(
        *proxy, ssl=context, server_hostname=name,
        local_addr=("127.0.0.2", 0))
    talker = Talker(reader, writer)
    calls = {}
    for n, uri in enumerate(uris):
        call = Call(talker, proxy, uri,
                    caller=f"sip:+44207{number:03}{n:04}@example.net").send()
        calls[call.call_id] = call
    while calls:
        message = await talker.receive()
        assert message is not None, "the stream ended"
        call = calls[message.get("Call-ID")]
        method = message.get("CSeq").split()[1]
        if message.code < 200:
            continue
        if method == "BYE":
            results[message.code, method] += 1
            del calls[call.call_id]
        elif message.code == 200:
            call.within("ACK", message)
            call.within("BYE", message)
        else:
            assert re.match("INVITE", method)
            call.ack(message)
            results[message.code, method] += 1
            del calls[call.call_id]
    writer.close()
