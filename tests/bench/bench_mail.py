"""What the milter costs beside a filter that does nothing (design.md §12).

Rounds of both take turns, so that whatever else the machine does hits both
alike; a figure is the median of the rounds' ratios. mta_load plays the MTA
where the filter's own cost is asked, a private Postfix where mails a second
are. idle_filter negotiates exactly what the milter did. Speed is told, never
a failure: what could not be measured is said, and the exit is always 0.
"""

import base64
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part)
                for part in (".", "mail")]

import postfix_lab  # noqa: E402
import support  # noqa: E402

ROUNDS = 7
SESSIONS = 10
MAILS = 3000
SENDER, RECIPIENT = "bob@sender.example", "alice@example.com"

SITE = """\
site = {{ domains = [ "example.com" ]; timezone = "America/New_York"; }};
preferences = [ "preferences/*.conf" ];
store = "lmdb:store";
mode = "enforce";
mail = {{ socket = "unix:{socket}"; socket_mode = "0666";
         trust = "claimed"; }};
"""
# Ten rules each; everybody is accepted by `otherwise`.
ENVELOPE = [f'{{ if = {{ channel = "email"; network = [ "203.0.{n}.0/24" ]; '
            f'}}; then = "refuse"; }}' for n in range(10)]
CONTENT = ENVELOPE[:7] + [
    '{ if = { channel = "email"; topic = "storage"; }; then = "defer"; '
    'during = "00:00-24:00"; else = "next"; }',
    '{ if = { channel = "email"; from = [ "*@spam.example" ]; }; '
    'then = "refuse"; }',
    '{ if = { channel = "email"; purpose = "sales"; }; then = "accept"; '
    'during = "11:00-13:00"; requires = { words = "<=300"; '
    'attachment = [ "pptx", "pdf" ]; }; }']
HEAD = """\
Received: from mail.sender.example (mail.sender.example [192.0.2.1])
\tby mx.example.com (Postfix) with ESMTPS id 4B1kYp2Wz8z9rq9
\tfor <alice@example.com>; Tue, 24 Nov 2026 20:00:01 +0000 (UTC)
From: Bob Example <bob@sender.example>
To: Alice Ng <alice@example.com>
Cc: Carol Example <carol@example.com>
Subject: =?UTF-8?Q?The_r=C3=A9sum=C3=A9?= of our meeting
Date: Tue, 24 Nov 2026 20:00:00 +0000
Message-ID: <20261124200000.1234@sender.example>
In-Reply-To: <20261123100000.1233@example.com>
References: <20261123090000.1232@sender.example>
\t<20261123100000.1233@example.com>
MIME-Version: 1.0
User-Agent: Mozilla Thunderbird
Content-Language: en-GB
"""


# ---- mails ----

def text(rng, length):
    words = ("they agreed on quiet hours for the office and moved every call "
             "with Tom to Thursday because nobody answers before ten").split()
    lines, line = [], ""
    while length > 0:
        word = rng.choice(words)
        if len(line) + len(word) > 70:
            lines.append(line)
            length -= len(line) + 2
            line = ""
        line += word + " "
    return "\n".join(lines) + "\n"


def small_mail(rng):
    """4 kB: text, and the same in HTML."""
    html = "".join(f"<p>{line}</p>\n" for line in text(rng, 1800).split("\n"))
    return (f'{HEAD}Content-Type: multipart/alternative; boundary="=_1"\n\n'
            f"--=_1\nContent-Type: text/plain; charset=utf-8\n\n"
            f"{text(rng, 1800)}\n--=_1\nContent-Type: text/html; "
            f"charset=utf-8\n\n<html><body>\n{html}</body></html>\n\n"
            f"--=_1--\n")


def large_mail(rng):
    """1 MB, nearly all of it a file."""
    data = base64.encodebytes(rng.randbytes(760000)).decode()
    return (f'{HEAD}Content-Type: multipart/mixed; boundary="=_1"\n\n'
            f"--=_1\nContent-Type: text/plain\n\n{text(rng, 1800)}\n--=_1\n"
            f"Content-Type: application/pdf; name=minutes.pdf\n"
            f"Content-Disposition: attachment\n"
            f"Content-Transfer-Encoding: base64\n\n{data}\n--=_1--\n")


def long_mail(rng):
    """1 MB of text."""
    return f"{HEAD}Content-Type: text/plain\n\n{text(rng, 1000000)}"


# ---- filters ----

class Ours:
    """usher-milter with these rules for RECIPIENT."""

    def __init__(self, folder, rules, socket=None):
        self.socket = socket or folder / "ours.sock"
        (folder / "preferences").mkdir(parents=True)
        conf = folder / "usher.conf"
        conf.write_text(SITE.format(socket=self.socket))
        (folder / "preferences" / "alice.conf").write_text(
            f'name = "Alice Ng";\naddresses = [ "{RECIPIENT}" ];\n'
            f'topics = {{ storage = [ "document storage" ]; }};\n'
            f'rules = ( {", ".join(rules)} );\n')
        done = support.run_usher("publish", "-c", conf)
        if done.code != 0:
            raise OSError(done.stdout + done.stderr)
        with open(folder / "log", "w") as log:
            self.process = subprocess.Popen(
                [support.program("usher-milter"), "-c", conf, "-f"],
                stdin=subprocess.DEVNULL, stderr=log)
        wait_for_socket(self)


class Idle:
    """A filter that does nothing, negotiating as another one does."""

    def __init__(self, folder, like, socket=None):
        self.socket = socket or folder / "idle.sock"
        told = load(like, None, 1, 0)
        self.process = subprocess.Popen(
            [support.program("bench/idle_filter"), f"unix:{self.socket}",
             told["actions"], told["steps"], *told["macros"].split(",")],
            stdin=subprocess.DEVNULL)
        wait_for_socket(self)


def wait_for_socket(one):
    support.wait_for(lambda: Path(one.socket).exists()
                     or one.process.poll() is not None, 30, "a socket")
    if one.process.poll() is not None:
        raise OSError(f"{one.process.args[0]} ended by itself")


def stop(*filters):
    for one in filters:
        one.process.terminate()
    for one in filters:
        one.process.wait(30)


def load(one, mail, sessions, mails):
    """What mta_load says of one run, by name."""
    done = subprocess.run(
        [support.program("bench/mta_load"), str(one.socket),
         str(one.process.pid), str(sessions), str(mails),
         str(mail or "/dev/null"), SENDER, RECIPIENT],
        capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise OSError(done.stderr)
    told = dict(pair.split("=", 1) for pair in done.stdout.split())
    if mails and not re.fullmatch(f"[ac]{mails}", told["answers"]):
        raise OSError(f"answers were {told['answers']}")
    return told


# ---- rows ----

def show(what, bar, aim, figure, ours, idle, unit):
    print(f"  {what:<58} {figure:6.2f}   bar {bar:<5} aim {aim:<5} "
          f"({ours:.0f} / {idle:.0f} {unit})", flush=True)


def measure(what, bar, aim, unit, ours, idle):
    """ours() and idle() in turns; the median of their ratios."""
    ours(), idle()  # to warm up
    pairs = []
    for number in range(ROUNDS):
        if number % 2:
            second, first = idle(), ours()
        else:
            first, second = ours(), idle()
        pairs.append((first, second))
    show(what, bar, aim, statistics.median(a / b for a, b in pairs),
         *(statistics.median(column) for column in zip(*pairs)), unit)


def cpu_row(folder, what, bar, aim, rules, mail):
    ours = Ours(folder, rules)
    idle = Idle(folder, ours)
    try:
        measure(what, bar, aim, "us", *(
            lambda one=one: float(load(one, mail, SESSIONS, MAILS)["cpu_us"])
            for one in (ours, idle)))
    finally:
        stop(ours, idle)


def memory_row(folder, what, mail):
    ours = Ours(folder, CONTENT)
    idle = Idle(folder, ours)
    try:
        peaks = [float(load(one, mail, 100, 600)["peak_kb"])
                 for one in (ours, idle)]
        show(what, 3, 2, peaks[0] / peaks[1], *peaks, "kB")
    finally:
        stop(ours, idle)


class Lab(postfix_lab.Postfix):
    """A port for each filter; whatever is accepted is thrown away."""

    def __init__(self):
        super().__init__()
        self.ports = {name: support.free_port() for name in ("ours", "idle")}

    def milters(self):
        return {name: ("n", f"unix:usher/{name}.sock") for name in self.ports}

    def configure(self):
        super().configure()
        with open(self.etc / "main.cf", "a") as conf:
            conf.write("virtual_transport = discard:\n"
                       "milter_default_action = tempfail\n")

    def rate(self, name, mail, mails=1000):
        begin = time.monotonic()
        done = subprocess.run(
            ["/usr/sbin/smtp-source", "-s", str(SESSIONS), "-m", str(mails),
             "-f", SENDER, "-t", RECIPIENT, "-F", str(mail),
             f"127.0.0.1:{self.ports[name]}"],
            capture_output=True, text=True, timeout=300)
        seconds = time.monotonic() - begin
        if done.returncode != 0 or done.stderr:
            raise OSError(f"smtp-source: {done.stderr}")
        support.wait_for(self.queue_is_empty, 120, "an empty queue")
        return mails / seconds


def postfix_row(folder, what, bar, aim, rules, mail):
    if os.geteuid() != 0:
        print(f"  {what}: not measured: a private Postfix needs root")
        return
    lab = Lab()
    filters = []
    try:
        lab.start()
        filters.append(Ours(folder, rules, lab.sockets / "ours.sock"))
        filters.append(Idle(folder, filters[0], lab.sockets / "idle.sock"))
        measure(what, bar, aim, "mails/s", lambda: lab.rate("ours", mail),
                lambda: lab.rate("idle", mail))
    finally:
        stop(*filters)
        lab.stop()


def main():
    folder = Path(tempfile.mkdtemp(prefix="usher-bench-"))
    folder.chmod(0o755)
    rng = random.Random(7)
    mails = {}
    for make in (small_mail, large_mail, long_mail):
        mails[make] = folder / f"{make.__name__}.eml"
        mails[make].write_bytes(make(rng).replace("\n", "\r\n").encode())
    lines = folder / "lines.eml"  # smtp-source ends lines itself
    lines.write_bytes(mails[small_mail].read_bytes().replace(b"\r", b""))
    rows = [
        (cpu_row, "milter CPU a message, envelope-only / do-nothing filter",
         1.15, 1.05, ENVELOPE, mails[small_mail]),
        (cpu_row, "milter CPU a message, 4 kB content / do-nothing filter",
         1.6, 1.3, CONTENT, mails[small_mail]),
        (postfix_row, "Postfix mails/s, envelope-only / do-nothing filter",
         0.95, 0.98, ENVELOPE, lines),
        (postfix_row, "Postfix mails/s, 4 kB content / do-nothing filter",
         0.95, 0.98, CONTENT, lines),
        (memory_row, "memory, 100 sessions of 1 MB files / do-nothing filter",
         mails[large_mail]),
        (memory_row, "memory, 100 sessions of 1 MB texts / do-nothing filter",
         mails[long_mail]),
    ]
    print("The milter beside a libmilter filter that does nothing and "
          "negotiates the same:")
    for number, (row, what, *rest) in enumerate(rows):
        try:
            row(folder / f"row{number}", what, *rest)
        except (OSError, AssertionError, subprocess.SubprocessError) as error:
            print(f"  {what}: not measured: {error}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
