"""A private Postfix for tests: own folders, free ports, mail into maildirs.

One instance serves every scenario: a port for each list of milters. The
milter's socket lies under the queue directory, where Debian's chrooted smtpd
looks for it; who listens there is the test's business. XCLIENT gives sessions
another client address, name or login. `Postfix().start()`, later `.stop()`.
"""

import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from pathlib import Path

import support
from login_server import LoginServer

MILTER = ("{{ unix:usher/milter.sock, default_action={action}, "
          "connect_timeout=3s, command_timeout={wait}, content_timeout=30s }}")
WAIT = "60s" if support.SANITIZED else "10s"
MASTER = """\
pickup    unix  n  -  n  60    1  pickup
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
verify    unix  -  -  n  -     1  verify
flush     unix  n  -  n  1000? 0  flush
proxymap  unix  -  -  n  -     -  proxymap
smtp      unix  -  -  n  -     -  smtp
relay     unix  -  -  n  -     -  smtp
showq     unix  n  -  n  -     -  showq
error     unix  -  -  n  -     -  error
retry     unix  -  -  n  -     -  error
discard   unix  -  -  n  -     -  discard
local     unix  -  n  n  -     -  local
virtual   unix  -  n  n  -     -  virtual
anvil     unix  -  -  n  -     1  anvil
scache    unix  -  -  n  -     1  scache
postlog   unix-dgram n - n -   1  postlogd
"""
MAIN = """\
compatibility_level = 3.6
queue_directory = {base}/spool
data_directory = {base}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {base}/log
maillog_file_prefixes = {base}
myhostname = mx.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = all
biff = no
default_transport = discard:
alias_maps =
local_recipient_maps =
recipient_delimiter = +
virtual_mailbox_domains = example.com
virtual_mailbox_base = {base}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = usher/login
smtpd_recipient_restrictions = permit
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 100
smtpd_hard_error_limit = 100
smtpd_client_event_limit_exceptions = static:all
smtpd_timeout = 300s
default_process_limit = 200
# A name server has no say in a test.
smtpd_peername_lookup = no
disable_dns_lookups = yes
message_size_limit = 20480000
non_smtpd_milters = {milter}
in_flow_delay = 0
"""


class Postfix:
    """Ports: accept and tempfail (what a dead milter means), chroot,
    behind (after a filter that writes Authentication-Results), filters (after
    OpenDKIM and OpenDMARC), plain."""

    client = "192.0.2.1"

    def __init__(self):
        under = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.base = Path(tempfile.mkdtemp(prefix="usher-postfix-", dir=under))
        self.etc = self.base / "etc"
        self.spool = self.base / "spool"
        self.sockets = self.spool / "usher"
        self.ports = {name: support.free_port() for name in
                      ("accept", "tempfail", "chroot", "behind", "filters",
                       "plain", "inet")}
        self.inet = support.free_port()

    def milters(self):
        ours = MILTER.format(action="accept", wait=WAIT)
        return {
            "accept": ("n", ours),
            "tempfail": ("n", MILTER.format(action="tempfail", wait=WAIT)),
            "chroot": ("y", ours),
            "behind": ("n", "unix:usher/filter.sock, " + ours),
            "filters": ("n", "unix:opendkim/opendkim.sock, "
                        "unix:opendmarc/opendmarc.sock, " + ours),
            "plain": ("n", ""),
            "inet": ("n", f"inet:127.0.0.1:{self.inet}"),
        }

    def configure(self):
        owner = pwd.getpwnam("postfix")
        for folder in (self.etc, self.spool, self.base / "data",
                       self.base / "mail", self.sockets):
            folder.mkdir()
            folder.chmod(0o755)
        self.base.chmod(0o755)
        os.chown(self.base / "data", owner.pw_uid, owner.pw_gid)
        os.chown(self.base / "mail", 65534, 65534)
        (self.etc / "main.cf").write_text(MAIN.format(
            base=self.base, milter=MILTER.format(action="accept", wait=WAIT)))
        services = MASTER
        for name, (chroot, milters) in self.milters().items():
            services += (f"127.0.0.1:{self.ports[name]} inet n - {chroot} - -"
                         f" smtpd\n  -o {{ smtpd_milters = {milters} }}\n"
                         f"  -o syslog_name=postfix/{name}\n")
        (self.etc / "master.cf").write_text(services)

    def command(self, *words, **more):
        return subprocess.run([*words[:1], "-c", str(self.etc), *words[1:]],
                              capture_output=True, text=True, timeout=240,
                              **more)

    def start(self):
        self.configure()
        self.logins = LoginServer(self.sockets / "login")
        done = self.command("postfix", "start")
        if done.returncode != 0:
            raise OSError(f"postfix start: {done.stderr}\n{self.log()}")
        try:
            support.wait_for(self._answers, 60, "Postfix's ports")
        except AssertionError as error:
            log = self.log()
            self.stop()
            raise OSError(f"{error}\n{log}")
        return self

    def _answers(self):
        try:
            for port in self.ports.values():
                smtplib.SMTP("127.0.0.1", port, timeout=20).quit()
        except (OSError, smtplib.SMTPException):
            return False
        return True

    def stop(self):
        self.command("postfix", "stop")
        self.logins.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def log(self):
        path = self.base / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    # ---- sessions and what came of them ----

    def session(self, port="accept", client=client,
                name="mail.sender.example", login=None):
        """An SMTP session as if from client; past its EHLO."""
        smtp = smtplib.SMTP("127.0.0.1", self.ports[port], timeout=240,
                            local_hostname="mail.sender.example")
        smtp.ehlo()
        if client is not None:
            attributes = f"ADDR={client} NAME={name}"
            if login is not None:
                attributes += f" LOGIN={login}"
            code, text = smtp.docmd("XCLIENT", attributes)
            assert code == 220, text
            smtp.ehlo()
        return smtp

    def submit(self, message, *recipients, sender="root@example.com"):
        """By sendmail(1), as a program of this host does."""
        done = subprocess.run(
            ["/usr/sbin/sendmail", "-C", str(self.etc), "-f", sender, "-i",
             *recipients], input=message, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr

    def queue_is_empty(self):
        # os.walk bears folders and files that go away meanwhile.
        return not any(files for queue in ("maildrop", "incoming", "active",
                                           "deferred")
                       for _, _, files in os.walk(self.spool / queue))

    def mails(self, local):
        """What arrived for local, once nothing is under way: bytes, as sent.

        All lies in one maildir; virtual(8) names the recipient on top.
        """
        support.wait_for(self.queue_is_empty, 60, "an empty queue")
        found = []
        for path in sorted((self.base / "mail" / "all" / "new").glob("*")):
            head, _, rest = path.read_bytes().partition(
                f"\nDelivered-To: {local}@example.com\n".encode())
            if head.startswith(b"Return-Path:") and b"\n\n" not in head:
                found.append(rest)
        return found

    def empty(self):
        support.wait_for(self.queue_is_empty, 60, "an empty queue")
        shutil.rmtree(self.base / "mail" / "all", ignore_errors=True)
