"""A private Sendmail for tests: own folders, free ports, mail into a maildir.

The program is the one that install-deps unpacks into build/sendmail. It runs
in namespaces of its own: a host name with a dot, an /etc of the test (hosts,
no name server, SASL), the test's folder as /run (above a temporary folder a
socket is unsafe), and a process tree that ends with its first process. So
conf/sendmail.mc.snippet is part of the configuration as it is.

It is to a test what postfix_lab.Postfix is, so most tests run over both.
Sendmail knows no XCLIENT: a client is an address of 127/8 that we come from.
`Sendmail().start()`, later `.stop()`.
"""

import os
import shutil
import smtplib
import socketserver
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

import postfix_lab
import support

UNPACKED = support.ROOT / "build" / "sendmail"
PROGRAM = UNPACKED / "usr/libexec/sendmail/sendmail"
CF = UNPACKED / "usr/share/sendmail/cf/"
SNIPPET = support.ROOT / "conf" / "sendmail.mc.snippet"
# A test machine may stall for longer than the snippet's five seconds.
WAIT = "T=S:60s;R:60s"
CONFIG = """\
divert(0)dnl
VERSIONID(`test')
OSTYPE(`linux')
define(`confDOMAIN_NAME', `{name}')dnl
define(`QUEUE_DIR', `/run/queue')dnl
define(`ALIAS_FILE', `')dnl
define(`STATUS_FILE', `/run/status')dnl
define(`confPID_FILE', `/run/pid')dnl
define(`HELP_FILE', `/dev/null')dnl
define(`confCW_FILE', `-o /dev/null')dnl
define(`confCR_FILE', `-o /dev/null')dnl
define(`confCT_FILE', `-o /dev/null')dnl
define(`confTRUSTED_USERS', `root')dnl
define(`confDEF_USER_ID', `65534:65534')dnl
define(`confTO_IDENT', `0')dnl
define(`confSERVICE_SWITCH_FILE', `/etc/service.switch')dnl
define(`confLOG_LEVEL', `9')dnl
define(`confAUTH_MECHANISMS', `PLAIN')dnl
define(`confDELIVERY_MODE', `background')dnl
define(`confMIN_QUEUE_AGE', `0')dnl
define(`confREFUSE_LA', `100000')dnl
define(`confQUEUE_LA', `100000')dnl
define(`confBAD_RCPT_THROTTLE', `0')dnl
define(`confDAEMON_OPTIONS', `')dnl
dnl Local mail goes to the test's own program.
define(`LOCAL_MAILER_PATH', `/bin/sh')dnl
define(`LOCAL_MAILER_ARGS', `sh /run/deliver $u')dnl
define(`LOCAL_MAILER_DSN_DIAGNOSTIC_CODE', `X-Unix')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
RELAY_DOMAIN(`example.com')dnl
{milters}
{ports}
MODIFY_MAILER_FLAGS(`LOCAL', `lsDFMPqn9')dnl
define(`SMTP_MAILER_ARGS', `TCP $h {next}')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {next}')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
LOCAL_RULE_0
{rules}
"""
MILTERS = f"""\
INPUT_MAIL_FILTER(`strict', `S=unix:/run/usher/milter.sock, F=T, {WAIT}')dnl
INPUT_MAIL_FILTER(`armilter', `S=unix:/run/usher/filter.sock, {WAIT}')dnl
"""
DELIVER = """\
file=$(mktemp "/run/mail/tmp/XXXXXXXXXX") && mkdir -p /run/mail/all/new &&
{
	read -r return
	printf '%s\\nDelivered-To: %s@example.com\\n' "$return" "$1"
	cat
} >"$file"
mv "$file" /run/mail/all/new
"""
# The shell stays: a program that changes its user is no longer told when the
# process above it dies, and ends with the first of its namespace alone.
START = """\
mount --bind "$1/etc" /etc && mount --bind "$1" /run &&
hostname -F /etc/hostname && shift && "$@"
exit $?
"""


def own_etc(folder, nameserver=None, name="mx.example.com"):
    """A small /etc: users and libraries of this host, names of the test."""
    folder.mkdir()
    for file in ("passwd", "group", "ld.so.cache", "services", "protocols",
                 "localtime"):
        if os.path.exists(f"/etc/{file}"):
            shutil.copy(f"/etc/{file}", folder / file)
    order = "files dns" if nameserver else "files"
    (folder / "nsswitch.conf").write_text(
        f"passwd: files\ngroup: files\nhosts: {order}\n")
    (folder / "hostname").write_text(name + "\n")
    (folder / "hosts").write_text(f"127.0.0.1 {name} localhost\n")
    (folder / "resolv.conf").write_text(
        f"nameserver {nameserver}\noptions timeout:5\n" if nameserver
        else "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")


def apart(base, *command, **more):
    """Starts command in namespaces of its own: base is /run, its etc /etc.

    Whoever kills what this returns ends all that command started.
    """
    return subprocess.Popen(
        ["unshare", "--uts", "--mount", "--pid", "--fork", "--kill-child",
         "sh", "-c", START, "sh", str(base), *map(str, command)],
        stdin=subprocess.DEVNULL, start_new_session=True, **more)


class SaslServer(socketserver.ThreadingUnixStreamServer):
    """saslauthd's protocol: any name with the password "right" is let in."""

    daemon_threads = True

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            _, password, _, _ = (
                self.rfile.read(struct.unpack("!H", self.rfile.read(2))[0])
                for _ in range(4))
            answer = b"OK" if password == b"right" else b"NO"
            self.wfile.write(struct.pack("!H", len(answer)) + answer)

    def __init__(self, path):
        super().__init__(str(path), self.Session)
        os.chmod(path, 0o666)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Sendmail:
    """Ports as postfix_lab's: accept and tempfail (what a dead milter
    means), behind (after a filter that writes Authentication-Results),
    filters (after OpenDKIM and OpenDMARC), plain."""

    client = "127.0.0.9"

    def __init__(self, next_hop=None):
        """With next_hop, a port, it sends all of example.com there."""
        under = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.base = Path(tempfile.mkdtemp(prefix="usher-sendmail-",
                                          dir=under))
        self.sockets = self.base / "usher"
        self.next_hop = next_hop
        self.queue_run = "1h" if next_hop is None else "1s"
        self.ports = {name: support.free_port() for name in
                      ("accept", "tempfail", "behind", "filters", "plain")}
        self.process = self.logins = None

    # ---- configuration ----

    def milters(self):
        """The snippet's lines, and what a site may change in them."""
        text = SNIPPET.read_text()
        assert "T=S:5s;R:5s" in text
        return text.replace("T=S:5s;R:5s", WAIT) + MILTERS

    def daemons(self):
        lists = {"accept": "usher", "tempfail": "strict",
                 "behind": "armilter;usher", "plain": "",
                 "filters": "opendkim;opendmarc;usher"}
        return "".join(
            f"DAEMON_OPTIONS(`Name={name}, Addr=127.0.0.1, Port={port}, "
            f"Listen=100, "
            f"InputMailFilters={lists[name]}')dnl\n"
            for name, port in self.ports.items())

    def rules(self):
        """Where mail goes; what is not for example.com is a bounce."""
        there = "" if self.next_hop is None else (
            "R$+ < @ example.com $* >\t"
            "$#esmtp $@ [127.0.0.1] $: $1 < @ example.com >\n")
        return there + "R$+ < @ $+ >\t$#local $: $1\n"

    def configure(self):
        self.base.chmod(0o755)
        for folder in ("queue", "usher", "mail/all/new", "mail/tmp"):
            (self.base / folder).mkdir(parents=True)
        (self.base / "queue").chmod(0o700)
        for folder in "mail", "mail/all", "mail/all/new", "mail/tmp":
            os.chown(self.base / folder, 65534, 65534)
        (self.base / "deliver").write_text(DELIVER)
        # A server of its own name is itself to it.
        name = "mx.example.com" if self.next_hop is None else \
            "mail.sender.example"
        own_etc(self.base / "etc", name=name)
        (self.base / "etc" / "service.switch").write_text("hosts files\n")
        (self.base / "etc" / "sasl2").mkdir()
        (self.base / "etc" / "sasl2" / "Sendmail.conf").write_text(
            "pwcheck_method: saslauthd\nmech_list: PLAIN\n"
            "saslauthd_path: /run/login\n")
        source = self.base / "test.mc"
        source.write_text(CONFIG.format(
            name=name, milters=self.milters(), ports=self.daemons(),
            next=self.next_hop or 25, rules=self.rules()))
        done = subprocess.run(
            ["m4", f"-D_CF_DIR_={CF}/", f"{CF}/m4/cf.m4", str(source)],
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        (self.base / "test.cf").write_text(done.stdout)

    # ---- the program ----

    def start(self):
        self.configure()
        self.logins = SaslServer(self.base / "login")
        with open(self.base / "out", "wb") as out:
            self.process = apart(
                self.base, PROGRAM, "-bD", f"-q{self.queue_run}",
                "-C/run/test.cf", "-X/run/log",
                stdout=out, stderr=out)
        try:
            support.wait_for(self._answers, 60, "Sendmail's ports")
        except AssertionError as error:
            said = (self.base / "out").read_text(errors="replace")
            self.stop()
            raise OSError(f"{error}\n{said}")
        return self

    def _answers(self):
        assert self.process.poll() is None, "it ended"
        try:
            for port in self.ports.values():
                smtplib.SMTP("127.0.0.1", port, timeout=20).quit()
        except (OSError, smtplib.SMTPException):
            return False
        return True

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
        if self.logins is not None:
            self.logins.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def log(self):
        path = self.base / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    # ---- sessions and what came of them ----

    def session(self, port="accept", client=client, login=None):
        """An SMTP session from an address of 127/8; past its EHLO."""
        smtp = smtplib.SMTP("127.0.0.1", self.ports[port], timeout=240,
                            local_hostname="mail.sender.example",
                            source_address=(client or "127.0.0.1", 0))
        smtp.ehlo()
        if login is not None:
            smtp.login(login, "right")
        return smtp

    def command(self, *options):
        """The program once more, among the same names."""
        return ["nsenter", f"--target={self.process.pid}", "--uts",
                "--mount", str(PROGRAM), "-C/run/test.cf", *options]

    def submit(self, message, *recipients, sender="root@example.com"):
        """By sendmail(1), as a program of this host does."""
        done = subprocess.run(
            self.command("-odi", "-f", sender, "-i", *recipients),
            input=message, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    def submit_smtp(self, *lines):
        """By sendmail -bs: SMTP on standard input; the code of each answer.
        """
        codes = []
        with subprocess.Popen(self.command("-bs", "-odi"), text=True,
                              stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as program:
            for line in ("", *lines):
                program.stdin.write(line)
                program.stdin.flush()
                answer = program.stdout.readline()
                while answer[3:4] == "-":
                    answer = program.stdout.readline()
                codes.append(answer[:3])
        return codes

    def queue_is_empty(self):
        return not any((self.base / "queue").iterdir())

    mails = postfix_lab.Postfix.mails
    empty = postfix_lab.Postfix.empty
