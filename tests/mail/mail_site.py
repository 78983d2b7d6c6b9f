"""A site in a folder: usher.conf, preferences, a store, and its milter."""

import os
import re
import shlex
import signal
import subprocess
import threading

import support

SITE = """\
site = {{ domains = [ "example.com" ]; timezone = "{timezone}";
         internal = [ {internal} ]; }};
preferences = [ "preferences/*.conf" ];
store = "{store}";
mode = "{mode}";
mail = {{ socket = "{socket}"; socket_mode = "0660";
         socket_group = "postfix"; {mail} }};
"""


class Site:
    def __init__(self, folder, socket):
        self.folder = folder
        self.conf = folder / "usher.conf"
        self.preferences = folder / "preferences"
        self.preferences.mkdir()
        self.socket = socket
        self.milters = []

    def configure(self, mail='authserv_ids = [ "mx.example.com" ];',
                  mode="enforce", internal="", timezone="America/New_York",
                  socket=None, store="lmdb:store"):
        self.conf.write_text(SITE.format(
            mail=mail, mode=mode, internal=internal, timezone=timezone,
            store=store,
            socket=socket or f"unix:{self.socket}"))

    def prefer(self, name, rules, **more):
        """name's preferences; rules is the text of the list."""
        keys = {"name": f'"{name.capitalize()}"',
                "addresses": f'[ "{name}@example.com" ]', **more}
        text = "".join(f"{key} = {value};\n" for key, value in keys.items())
        (self.preferences / f"{name}.conf").write_text(
            f"{text}rules = ( {rules} );\n")

    def publish(self):
        done = support.run_usher("publish", "-c", self.conf)
        assert done.code == 0, done.stdout + done.stderr
        return done

    def start(self, *options, at="2026-11-24T15:00:00-05:00"):
        """The milter on its socket; at is Tuesday afternoon."""
        milter = Milter(self.conf, *options, *(["--at", at] if at else []))
        self.milters.append(milter)
        milter.wait_ready()
        return milter

    def stop(self):
        for milter in self.milters:
            milter.stop()


class Milter:
    """usher-milter -f, with its lines."""

    def __init__(self, conf, *options):
        self.lines = []
        self.process = subprocess.Popen(
            [support.program("usher-milter"), "-c", str(conf), "-f",
             *options], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    def wait_ready(self):
        support.wait_for(
            lambda: "usher-milter: ready" in self.lines
            or self.process.poll() is not None, 60, "the milter's start")
        assert self.process.poll() is None, "\n".join(self.lines)

    def wait_line(self, *parts, timeout=60):
        """The first line that holds all parts."""
        def found():
            return next((line for line in list(self.lines)
                         if all(part in line for part in parts)), None)
        try:
            return support.wait_for(found, timeout, f"a line with {parts}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n" + "\n".join(self.lines))

    def decisions(self):
        """Each decision line as a dictionary."""
        return [fields(line) for line in list(self.lines)
                if line.startswith("usher-milter: decision ")]

    def decision(self, to, **wanted):
        """The latest decision on a recipient that has these fields."""
        def found():
            return next((d for d in reversed(self.decisions())
                         if d["to"] == to and wanted.items() <= d.items()),
                        None)
        try:
            return support.wait_for(found, 60, f"a decision on {to}")
        except AssertionError as error:
            raise AssertionError(f"{error} {wanted}\n"
                                 + "\n".join(self.lines))

    def reload(self):
        self.process.send_signal(signal.SIGUSR1)

    def kill(self):
        self.process.kill()
        self.process.wait(60)

    def stop(self):
        """Ends it, and shows that it ends by itself and well."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
            assert self.process.returncode == 0, "\n".join(self.lines)
        self.reader.join(10)


def fields(line):
    """key=value fields behind the word; quotes as log.c writes them."""
    found = re.findall(r'([\w-]+)=("(?:[^"\\]|\\.)*"|\S*)', line)
    return {key: shlex.split(value)[0] if value[:1] == '"' and value != '""'
            else value.strip('"') for key, value in found}


def mail(to="alice@example.com", sender="bob@sender.example",
         subject="Hello", body="How are you?\r\n", headers=""):
    """A plain message as bytes; headers is put on top."""
    return (f"{headers}From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n"
            f"Date: Tue, 24 Nov 2026 20:00:00 +0000\r\n"
            f"Message-ID: <{os.urandom(6).hex()}@sender.example>\r\n"
            f"\r\n{body}").encode()
