"""Between an SMTP client and its server: what each recipient was answered.

A `Recorder(port)` listens on a port of its own and passes every byte on. It
reads along: `answers[sender][recipient]` is the list of answers that this
recipient got, at RCPT or at the end of the message, try by try.
"""

import asyncio
import re
import threading
from collections import defaultdict

import support


class Dialogue:
    """One connection, read from both sides; replies follow their commands."""

    def __init__(self, note):
        self.note = note
        self.sent = b""
        self.said = b""
        self.reply = []
        self.commands = ["connect"]
        self.in_data = False
        self.sender, self.let = None, []

    def client(self, data):
        self.sent += data
        while True:
            end = b"\r\n.\r\n" if self.in_data else b"\r\n"
            if self.in_data and self.sent.startswith(b".\r\n"):
                self.sent = b"\r\n" + self.sent
            command, found, rest = self.sent.partition(end)
            # What follows DATA is no command; nobody sends it unasked.
            if not found or self.commands[-1:] == ["DATA"]:
                return
            self.sent = rest
            self.commands.append("." if self.in_data
                                 else command.decode("latin-1"))
            self.in_data = False

    def server(self, data):
        self.said += data
        while b"\r\n" in self.said:
            line, _, self.said = self.said.partition(b"\r\n")
            self.reply.append(line.decode("latin-1"))
            if line[3:4] != b"-" and self.commands:
                self.answered(self.commands.pop(0), "\n".join(self.reply))
                self.reply = []

    def answered(self, command, reply):
        verb = command[:4].upper()
        if verb in ("MAIL", "RSET"):
            self.let = []
        if verb == "MAIL":
            self.sender = re.search("<(.*?)>", command).group(1)
        elif verb == "RCPT":
            to = re.search("<(.*?)>", command).group(1)
            if reply[0] == "2":
                self.let.append(to)
            else:
                self.note(self.sender, to, reply)
        elif verb == "DATA" and reply[0] == "3":
            self.in_data = True
            self.client(b"")
        elif verb == ".":
            for to in self.let:
                self.note(self.sender, to, reply)
            self.let = []


class Recorder:
    def __init__(self, server):
        self.server = server
        self.port = support.free_port()
        self.answers = defaultdict(lambda: defaultdict(list))
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(ready,),
                                       daemon=True)
        self.thread.start()
        assert ready.wait(30)

    def _run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.listener = self.loop.run_until_complete(asyncio.start_server(
            self._pass_on, "127.0.0.1", self.port, backlog=500))
        ready.set()
        self.loop.run_forever()

    def note(self, sender, to, reply):
        self.answers[sender][to].append(reply)

    async def _pass_on(self, client_in, client_out):
        try:
            server_in, server_out = await asyncio.open_connection(
                "127.0.0.1", self.server)
        except OSError:
            client_out.close()
            return
        talk = Dialogue(self.note)
        await asyncio.gather(
            self._pipe(client_in, server_out, talk.client),
            self._pipe(server_in, client_out, talk.server))

    @staticmethod
    async def _pipe(source, to, tell):
        """What is told before it is passed on keeps its order."""
        try:
            while data := await source.read(65536):
                tell(data)
                to.write(data)
                await to.drain()
        except OSError:
            pass
        finally:
            to.close()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(30)
        self.listener.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()
