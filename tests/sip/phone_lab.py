"""baresip phones and a Kamailio PBX behind the proxy, each in its folder."""

import array
import glob
import json
import math
import re
import shutil
import socket
import subprocess
import time

import support

RATE = 8000         # of what is played, 16 bits a sample
LISTEN = 0.5        # seconds of it make a tone

RATES = re.compile(r"audio=(\d+)/(\d+) \(bit/s\)")

MODULES = glob.glob("/usr/lib/baresip/modules") + glob.glob(
    "/usr/lib/*/baresip/modules")

CONFIG = """
poll_method epoll
sip_listen {host}:{sip}
call_local_timeout 120
audio_path /usr/share/baresip
audio_player aubridge,nowhere
audio_source ausine,{tone}
audio_alert aubridge,alert
audio_level no
ausrc_srate 48000
auplay_srate 8000
ausrc_channels 2
auplay_channels 1
rtp_ports {rtp}-{rtp_last}
jitter_buffer_delay 1-5
dns_server 127.0.0.1:1
net_interface {host}
module_path {modules}
module g711.so
module ausine.so
module aubridge.so
module sndfile.so
snd_path {folder}
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
{more}
"""


class Phone:
    """A baresip that registers `user` by `transport` through the proxy."""

    def __init__(self, folder, host, user, proxy, transport="udp", tone=440,
                 more="", domain="example.com", register=True):
        self.user, self.domain = user, domain
        self.folder = folder
        folder.mkdir()
        assert MODULES, "baresip is not installed: packaging/install-deps test"
        control = support.free_port("127.0.0.1", ("tcp",))
        rtp = 2 * (support.free_port(host, ("udp",)) // 2)
        (folder / "config").write_text(CONFIG.format(
            folder=folder, host=host, modules=MODULES[0], control=control,
            tone=tone,
            sip=support.free_port(host, ("tcp", "udp")),
            rtp=rtp, rtp_last=rtp + 20, more=more))
        (folder / "accounts").write_text(
            f"<sip:{user}@{domain};transport={transport}>;auth_pass=x;"
            f'outbound="sip:{proxy[0]}:{proxy[1]};transport={transport}";'
            f"regint={60 if register else 0};answermode=auto;"
            "audio_codecs=pcmu\n")
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            [shutil.which("baresip") or "/usr/bin/baresip", "-4", "-f",
             str(folder)], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, cwd=folder)
        self.data, self.events, self.seen = b"", [], 0
        self.control = support.wait_for(
            lambda: self._connect(control), 30, "the phone's control")

    def _connect(self, port):
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text())
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            return None

    def registered(self):
        support.wait_for(lambda: " binding" in (self.folder / "log")
                         .read_text(), 30, f"{self.user}'s registration")
        return self

    def tell(self, command, params=""):
        text = json.dumps({"command": command, "params": params,
                           "token": "t"}).encode()
        self.control.sendall(b"%d:%s," % (len(text), text))

    def _read(self, timeout):
        self.control.settimeout(timeout)
        try:
            self.data += self.control.recv(65536)
        except socket.timeout:
            return
        while b":" in self.data:
            length, _, rest = self.data.partition(b":")
            if len(rest) <= int(length):
                return
            said = json.loads(rest[:int(length)])
            self.data = rest[int(length) + 1:]
            if said.get("event"):
                self.events.append(said)

    def wait(self, kind, timeout=30):
        """The first event of this type since new_call()."""
        end = time.monotonic() + timeout
        while True:
            for event in self.events[self.seen:]:
                if event["type"] == kind:
                    return event
            if time.monotonic() > end:
                raise AssertionError(
                    f"{self.user}: no {kind} among "
                    f"{[e['type'] for e in self.events]}\n"
                    + (self.folder / "log").read_text()[-3000:])
            self._read(0.2)

    def new_call(self):
        """Events from now on are those of the next call."""
        self._read(0.01)
        self.seen = len(self.events)

    def _recorded(self):
        """What was played last: the file, where its sound begins, its end."""
        found = sorted(self.folder.glob("*dec*.wav"),
                       key=lambda f: f.stat().st_mtime_ns)
        return (found[-1], 44, found[-1].stat().st_size) if found else None

    def hears(self, tone, timeout=30):
        """Waits for this tone (Hz) in what comes from now on."""
        file = begun = None
        end = time.monotonic() + timeout
        while True:
            now = self._recorded()
            if now and now[0] != file:
                file, begun = now[0], (now[1] if file else now[2])
            if now and now[2] - begun >= RATE * 2 * LISTEN:
                loud = loudness(file, begun, tone)
                if loud > 0.8:
                    return
                begun = now[2] - now[2] % 2
            if time.monotonic() > end:
                raise AssertionError(
                    f"{self.user} does not hear {tone} Hz: {now} {begun}\n"
                    + (self.folder / "log").read_text()[-3000:])
            self._read(0.05)

    def media(self, flows):
        """Waits until RTP flows both ways, or neither, as the phone says.

        Beside hears(): after a hold baresip records no more.
        """
        log = self.folder / "log"
        begun = log.stat().st_size

        def said():
            rates = RATES.findall(log.read_text()[begun:])
            return rates and [int(n) > 0 for n in rates[-1]] == 2 * [flows]
        support.wait_for(said, 30, f"{self.user}: media {flows}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.control.close()
        self.log.close()


def loudness(file, begin, tone):
    """The tone's share, 0 to 1, of what a recording has from a byte on."""
    samples = array.array("h")
    data = file.read_bytes()[begin:]
    samples.frombytes(data[:len(data) // 2 * 2])
    power = sum(s * s for s in samples) / max(1, len(samples))
    turn = 2 * math.pi * tone / RATE
    real = sum(s * math.cos(turn * i) for i, s in enumerate(samples))
    imag = sum(s * math.sin(turn * i) for i, s in enumerate(samples))
    amplitude = 2 * math.hypot(real, imag) / max(1, len(samples))
    return amplitude * amplitude / 2 / max(1, power)


def stop_all(phones):
    for phone in phones:
        if phone.process.poll() is None:
            phone.process.terminate()
    for phone in phones:
        phone.stop()
