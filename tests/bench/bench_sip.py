"""What the SIP proxy costs beside Kamailio (design.md §12).

Both have one worker on the first processor, sip_load spins on the second;
rounds of both take turns, so that whatever else the machine does hits both
alike. CPU time is that of all threads and children by the scheduler's own
account; a figure is the median of the rounds' ratios. Kamailio runs with -x fm:
its packaged memory manager is several times slower and would flatter us. Speed
is told, never a failure: what could not be measured is said, and the exit is
always 0.
"""

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import support  # noqa: E402

ROUNDS = int(os.environ.get("USHER_BENCH_ROUNDS", "5"))
CALLS = 30000
RELAYED = 8000
LIVE = 10000
USERS = 500
HOST = "127.0.0.1"

SITE = """\
site = {{ domains = [ "example.com" ]; timezone = "America/New_York";
         country_code = "1"; }};
preferences = [ "preferences/*.conf" ];
store = "lmdb:store";
sip = {{ listen = [ "udp:{host}:{port}" ];
        next_hops = [ "sip:{host}:{far}" ];
        trusted = [ {trusted} ];
        refuse = 480;
        limits = {{ rate = 1000000; burst = 1000000; }}; }};
"""
# The wish that Kamailio is given too: a caller blocked, then quiet hours.
WISH = """\
rules = ( {{ name = "blocked"; then = "refuse";
            if = {{ from = [ "sip:mallory@caller.example" ]; }}; }},
          {{ name = "quiet"; then = "{then}";
            during = "Mon-Sun 00:00-24:00"; }} );
otherwise = "accept";
"""
# What is remembered of a caller is asked for, before the same answer.
RECALLED = """\
rules = ( {{ if = {{ introduced = true; }}; then = "accept"; }},
          {{ name = "quiet"; then = "{then}"; }} );
"""
MILLION = 1000000
CPL_TABLE = ("id(int,auto) username(string) domain(string,null) "
             "cpl_xml(string,null) cpl_bin(string,null) \n")
CPL_DTD = """\
<?xml version="1.0" encoding="US-ASCII" ?>
<!ENTITY % Node '(address-switch|time-switch|reject)?' >
<!ELEMENT otherwise ( %Node; ) >
<!ELEMENT address-switch ( address*, otherwise? ) >
<!ATTLIST address-switch field CDATA #REQUIRED subfield CDATA #IMPLIED >
<!ELEMENT address ( %Node; ) >
<!ATTLIST address is CDATA #IMPLIED >
<!ELEMENT time-switch ( time*, otherwise? ) >
<!ATTLIST time-switch tzid CDATA #IMPLIED >
<!ELEMENT time ( %Node; ) >
<!ATTLIST time dtstart CDATA #REQUIRED duration CDATA #IMPLIED
  freq CDATA #IMPLIED byday CDATA #IMPLIED interval CDATA "1" >
<!ELEMENT reject EMPTY >
<!ATTLIST reject status CDATA #REQUIRED reason CDATA #IMPLIED >
<!ELEMENT incoming ( %Node; )>
<!ELEMENT cpl ( incoming? ) >
"""
CPL_USER = """\
<?xml version="1.0" ?>
<!DOCTYPE cpl SYSTEM "cpl.dtd">
<cpl><incoming>
 <address-switch field="origin" subfield="user">
  <address is="mallory"><reject status="403" reason="Blocked"/></address>
  <otherwise>
   <time-switch tzid="America/New_York">
    <time dtstart="20200101T000000" duration="PT23H59M59S" freq="daily"
     byday="MO,TU,WE,TH,FR,SA,SU">
     <reject status="480" reason="Temporarily Unavailable"/></time>
   </time-switch>
  </otherwise>
 </address-switch>
</incoming></cpl>
"""


def family(pid):
    """The process, its children and theirs."""
    found, parents = [pid], {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            parent = int(stat.rsplit(")", 1)[1].split()[1])
            parents.setdefault(parent, []).append(int(entry))
    for one in found:
        found += parents.get(one, [])
    return found


def cpu_us(pid):
    total = 0
    for one in family(pid):
        for task in Path(f"/proc/{one}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except OSError:
                pass
    return total / 1000


def resident_kb(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))


def answers(port):
    """Whether something answers SIP there."""
    message = (f"OPTIONS sip:{HOST}:{port} SIP/2.0\r\n"
               f"Via: SIP/2.0/UDP {HOST}:{{0}};branch=z9hG4bK{time.time_ns()}"
               f"\r\nFrom: <sip:a@b.example>;tag=1\r\nTo: <sip:{HOST}>\r\n"
               f"Call-ID: {time.time_ns()}\r\nCSeq: 1 OPTIONS\r\n"
               "Max-Forwards: 5\r\nContent-Length: 0\r\n\r\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((HOST, 0))
        s.settimeout(0.3)
        s.sendto(message.format(s.getsockname()[1]).encode(), (HOST, port))
        try:
            return bool(s.recv(4096))
        except OSError:
            return False


class Proxy:
    """One of the two, on a port of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.port = support.free_port(HOST, ("udp",))
        self.far = support.free_port(HOST, ("udp",))
        self.source = support.free_port(HOST, ("udp",))
        self.made = 0
        folder.mkdir(parents=True)

    def begin(self, command):
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder)
        support.wait_for(lambda: answers(self.port)
                         or self.process.poll() is not None, 60, "a proxy")
        if self.process.poll() is not None:
            raise OSError((self.folder / "log").read_text()[-500:])
        for pid in family(self.process.pid):
            os.sched_setaffinity(pid, {min(os.sched_getaffinity(0))})

    def load(self, calls, *more):
        """CPU us a call."""
        before = cpu_us(self.process.pid)
        done = subprocess.run(
            [support.program("bench/sip_load"), "-t", str(self.port),
             "-f", str(self.source), "-n", str(calls), "-U", str(USERS),
             "-i", str(self.made), "-p", str(max(os.sched_getaffinity(0))),
             *more], capture_output=True, text=True, timeout=300)
        self.made += calls
        if done.returncode != 0:
            raise OSError(f"calls without an answer: {done.stdout}"
                          f"{done.stderr}")
        return (cpu_us(self.process.pid) - before) / calls

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Ours(Proxy):
    def __init__(self, folder, trusted=False, then="refuse", published=USERS,
                 wish=WISH, remembered=0):
        super().__init__(folder)
        conf = folder / "usher.conf"
        conf.write_text(SITE.format(
            host=HOST, port=self.port, far=self.far,
            trusted=f'"{HOST}:{self.source}"' if trusted else ""))
        (folder / "preferences").mkdir()
        for n in range(published):
            (folder / "preferences" / f"u{n}.conf").write_text(
                f'name = "u{n}"; phones = [ "sip:u{n}@example.com" ];\n'
                + wish.format(then=then))
        done = support.run_usher("publish", "-c", conf)
        if done.code != 0:
            raise OSError(done.stdout[-300:] + done.stderr[-300:])
        if remembered:
            subprocess.run([support.program("bench/bench_remembered"),
                            "--fill", folder, str(remembered)], check=True)
        self.begin([support.program("usher-sip"), "-f", "-c", conf])


class Kamailio(Proxy):
    def __init__(self, folder, *defines):
        super().__init__(folder)
        text = (HERE / "kamailio.cfg").read_text()
        for name, value in (("PORT", self.port), ("FAR", self.far),
                            ("FOLDER", folder), ("USERS", USERS)):
            text = text.replace(name, str(value))
        (folder / "kamailio.cfg").write_text(text)
        if "CPL" in defines:
            self.lay_cpl()
        self.begin(["/usr/sbin/kamailio", "-f", folder / "kamailio.cfg",
                    *(part for d in defines for part in ("-A", d)),
                    "-m", "1024", "-M", "16", "-x", "fm", "-DD", "-E",
                    "-P", folder / "pid", "-w", folder])
        if "CPL" in defines:
            self.load_cpl()

    def lay_cpl(self):
        (self.folder / "db").mkdir()
        shutil.copy("/usr/share/kamailio/dbtext/kamailio/version",
                    self.folder / "db" / "version")
        (self.folder / "db" / "cpl").write_text(CPL_TABLE)
        (self.folder / "cpl.dtd").write_text(CPL_DTD)
        (self.folder / "user.cpl").write_text(CPL_USER)

    def load_cpl(self):
        for n in range(CPL_USERS):
            subprocess.run(
                ["kamcmd", "-s", f"unix:{self.folder}/ctl", "cpl.load",
                 f"sip:u{n}@example.com", self.folder / "user.cpl"],
                check=True, capture_output=True, timeout=30)


CPL_USERS = 50


# ---- rows ----

def show(what, bar, aim, figure, more):
    print(f"  {what:<56} {figure:6.2f}   bar {bar:<4} aim {aim:<4} ({more})",
          flush=True)


def measure(what, bar, aim, ours, theirs):
    """ours() and theirs() in turns; the median of their ratios."""
    ours(), theirs()  # to warm up
    pairs = []
    for number in range(ROUNDS):
        if number % 2:
            second, first = theirs(), ours()
        else:
            first, second = ours(), theirs()
        pairs.append((first, second))
    a, b = (statistics.median(column) for column in zip(*pairs))
    show(what, bar, aim, statistics.median(x / y for x, y in pairs),
         f"{a:.1f} / {b:.1f} us a call")


def beside(folder, what, bar, aim, ours, defines, calls, *load):
    both = []
    try:
        both.append(Ours(folder / "ours", **ours))
        both.append(Kamailio(folder / "theirs", *defines))
        measure(what, bar, aim, *(
            lambda one=one: one.load(calls, *(
                str(one.far) if word == "FAR" else word for word in load))
            for one in both))
    finally:
        for one in both:
            one.stop()


def unpublished(folder, what, bar, aim, calls):
    """Nobody shall learn by the clock who is published."""
    one = Ours(folder)
    try:
        measure(what, bar, aim,
                lambda: one.load(calls, "-B", str(USERS)),
                lambda: one.load(calls))
    finally:
        one.stop()


def remembered(folder, what, bar, aim, calls):
    """A memory of a million attempts beside one of two thousand."""
    both = []
    try:
        for name, count in (("all", MILLION), ("few", 2000)):
            both.append(Ours(folder / name, trusted=True, wish=RECALLED,
                             remembered=count))
        measure(what, bar, aim, *(
            lambda one=one: one.load(calls) for one in both))
    finally:
        for one in both:
            one.stop()


def memory(folder, what, bar, aim):
    one = Ours(folder, trusted=True, published=0)
    try:
        one.load(200, "-u", str(one.far), "-r", "-w", "200")
        before = resident_kb(one.process.pid)
        one.load(LIVE, "-u", str(one.far), "-r", "-w", "2000")
        kb = (resident_kb(one.process.pid) - before) / LIVE
        show(what, bar, aim, kb, f"kB, {LIVE} live")
    finally:
        one.stop()


# ---- the worst that one datagram can do ----

def datagram(headers="", body="", uri="sip:u1@example.com", kind="",
             display="Alice", method="INVITE", contact=""):
    """A request to fill up; {n} is what tells one from the next."""
    return (f"{method} {uri} SIP/2.0\r\n"
            "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{n}\r\n"
            f"Max-Forwards: 70\r\nFrom: \"{display}\" "
            "<sip:alice@caller.example>;tag=f{n}\r\nTo: <sip:u1@example.com>"
            "\r\nCall-ID: {n}@bench.example\r\n"
            f"CSeq: 1 {method}\r\nContact: <sip:alice@127.0.0.1>{contact}\r\n"
            + headers + (f"Content-Type: {kind}\r\n" if kind else "")
            + f"Content-Length: {len(body)}\r\n\r\n" + body)


def fill(piece, size):
    return piece * (size // len(piece))


def hostile():
    """By name, each as full as the limits or a datagram allow."""
    sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    part = "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    return {
        "a normal INVITE": datagram(
            body=sdp + "m=audio 4000 RTP/AVP 0 8 101\r\n"
            + fill("a=rtpmap:101 telephone-event/8000\r\n", 300),
            kind="application/sdp",
            headers="Allow: INVITE, ACK, BYE\r\nUser-Agent: bench\r\n"),
        "a body of one line": datagram(body="x" * 63000),
        "media without end": datagram(
            body=sdp + fill("m=audio 0 RTP/AVP 0\r\n", 62000),
            kind="application/sdp"),
        "attributes without end": datagram(
            body=sdp + fill("a=x\r\n", 62000), kind="application/sdp"),
        "parts without end": datagram(
            body=fill(part, 62000), kind="multipart/mixed;boundary=b"),
        "boundaries that almost match": datagram(
            body=fill("\r\n--b", 62000) + "x",
            kind="multipart/mixed;boundary=" + "b" * 60),
        "headers up to the limit": datagram(fill("a: b\r\n", 600)),
        "headers beyond it": datagram(fill("a:b\r\n", 60000)),
        "values of Via": datagram(
            fill("Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n", 2000)),
        "one long Subject": datagram("Subject: " + "a b " * 2000 + "\r\n"),
        "folded lines": datagram("Subject: a" + fill("\r\n b", 8000)
                                 + "\r\n"),
        "parameters of Contact": datagram(contact=fill(";a=b", 1900)),
        "values of Contact": datagram(
            contact=fill(", <sip:a@b>", 660)),
        "a display name of escapes": datagram(display="\\\\" * 900),
        "parameters of the URI": datagram(
            uri="sip:u1@example.com" + fill(";a=b", 240)),
        "escapes in the user": datagram(
            uri="sip:" + fill("%41", 750) + "@example.com"),
        "a MESSAGE of text": datagram(
            body=fill("buy now! ", 62000), kind="text/plain",
            method="MESSAGE"),
        "a MESSAGE in CPIM": datagram(
            body=fill("From: x\r\n", 62000), kind="message/cpim",
            method="MESSAGE"),
        "no SIP at all": "\r\n" + "z" * 63000,
    }


def cpu_of(one, text, count):
    """CPU us of one such datagram, paced so that none is lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((HOST, one.source))
        s.settimeout(0.3)
        before = cpu_us(one.process.pid)
        for n in range(one.made, one.made + count):
            s.sendto(text.replace("{n}", f"{n:08x}").replace(
                "{port}", str(one.source)).encode(), (HOST, one.port))
            if n % 16 == 0:
                while not answers(one.port):
                    pass
        while not answers(one.port):
            pass
        one.made += count
        return (cpu_us(one.process.pid) - before) / count


def worst(folder, what, bar, aim, count=480):
    one = Ours(folder, trusted=True, published=2)
    try:
        costs = {}
        for name, text in hostile().items():
            cpu_of(one, text, 32)  # to warm up
            costs[name] = cpu_of(one, text, count)
        normal = costs.pop("a normal INVITE")
        name = max(costs, key=costs.get)
        show(what, bar, aim, costs[name] / normal,
             f"{costs[name]:.0f} / {normal:.0f} us: {name}")
        if os.environ.get("USHER_BENCH_ALL"):
            for name in sorted(costs, key=costs.get):
                print(f"      {costs[name] / normal:6.2f}  {name}")
    finally:
        one.stop()


def main():
    folder = Path(tempfile.mkdtemp(prefix="usher-bench-"))
    relay = ("-u", "FAR", "-c", "486", "-a", "-w", "32")
    rows = [
        (beside, "refused once, unproven / htable + tmrec + sl", 1.25, 0.75,
         {}, ["HT"], CALLS),
        (beside, "the same / the wish as CPL", 1.0, 0.6,
         {}, ["CPL"], CALLS, "-U", str(CPL_USERS)),
        (unpublished, "unpublished / refused without words", 1.1, 1.0, CALLS),
        (remembered, "a million attempts remembered / two thousand", 1.1, 1.0,
         CALLS),
        (beside, "refused stateful, with ACK / t_newtran + t_reply", 0.8, 0.5,
         {"trusted": True}, ["HT", "STATEFUL"], RELAYED, "-a"),
        (beside, "screened INVITE relayed, 486, ACKs / t_relay", 1.1, 0.8,
         {"trusted": True, "then": "accept"}, ["RELAY"], RELAYED, *relay),
        (worst, "the worst datagram of 64 kB / a normal INVITE", 20, 5),
        (memory, "kB a live relayed transaction, 900-byte INVITE", 16, 6),
    ]
    print("The SIP proxy beside Kamailio (-x fm), one worker each:")
    only = os.environ.get("USHER_BENCH_ONLY", "")
    for number, (row, what, *rest) in enumerate(rows):
        if only not in what:
            continue
        try:
            row(folder / f"row{number}", what, *rest)
        except (OSError, AssertionError, subprocess.SubprocessError) as error:
            print(f"  {what}: not measured: {error}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
