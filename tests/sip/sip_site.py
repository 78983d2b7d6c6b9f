"""A site of its own for a test: preferences, store, usher.conf, the proxy."""

import json
import re
import signal
import subprocess
import threading

import support

HOST = "127.0.0.1"
TRUNK = "127.0.0.2"      # trusted
CARRIER = "127.0.0.3"    # a trunk, not trusted
STRANGER = "127.0.0.4"   # nobody knows it

ALICE = "+14155550100"

CONF = """
site = {{ domains = [ "example.com" ]; timezone = "America/New_York";
	country_code = "1"; {site} }};
preferences = [ "preferences/*.conf" ];
store = "{store}";
{mode}
sip = {{
	listen = [ "udp:{host}:{port}" ];
	next_hops = {hops};
	trunks = [ {trunks} ];
	trusted = [ "{trunk}" ];
	peers = ( {{ name = "carrier"; from = [ "{carrier}" ]; }} {peers} );
	timers = {{ drain = 0; {timers} }};
	{sip}
}};
"""


class Site:
    """The proxy with its files; start() it, and stop() it at the end."""

    reads = threading.Event()  # of one that is put together by hand
    reads.set()

    def __init__(self, folder, pbx_port=None, sip="", site="", timers="",
                 peers="", hops=None, mode="", at=None, trunks="",
                 store="lmdb:store"):
        self.folder = folder
        self.port = support.free_port(HOST, ("udp",))
        self.pbx_port = pbx_port or support.free_port(HOST, ("udp",))
        self.at = at
        self.process = None
        self.lines = []
        self.reads = threading.Event()  # who reads the log; cleared: nobody
        self.reads.set()
        (folder / "preferences").mkdir(parents=True)
        self.settings = dict(
            site=site, host=HOST, port=self.port, trunk=TRUNK, sip=sip,
            store=store,
            carrier=CARRIER, timers=timers, mode=mode, trunks=trunks,
            peers=", " + peers if peers else "",
            hops=hops or f'[ "sip:{HOST}:{self.pbx_port}" ]')
        self.configure()

    @property
    def address(self):
        return (HOST, self.port)

    def uri(self, user=ALICE):
        return f"sip:{user}@{HOST}:{self.port}"

    def configure(self, **changes):
        self.settings.update(changes)
        (self.folder / "usher.conf").write_text(CONF.format(**self.settings))

    def write(self, rules, name="alice", phones=(ALICE,), more=""):
        numbers = ", ".join(f'"{p}"' for p in phones)
        (self.folder / "preferences" / f"{name}.conf").write_text(
            f'name = "{name}"; addresses = [ "{name}@example.com" ];\n'
            f'phones = [ {numbers} ]; timezone = "America/New_York";\n'
            f"{more}\n{rules}\n")

    def publish(self):
        result = support.run_usher("publish", "-c",
                                   self.folder / "usher.conf")
        assert result.code == 0, result.stdout + result.stderr

    def start(self):
        self.publish()
        return self.run()

    def run(self):
        command = [support.program("usher-sip"), "-f", "-c",
                   str(self.folder / "usher.conf")]
        if self.at:
            command += ["--at", self.at]
        after = len(self.lines)
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
            text=True, errors="replace")
        self.reader = threading.Thread(target=self._read,
                                       args=(self.process,), daemon=True)
        self.reader.start()
        self.wait_line("usher-sip: ready", after)
        return self

    def _read(self, process):
        for line in process.stderr:
            self.lines.append(line.rstrip("\n"))
            self.reads.wait()

    def wait_line(self, what, after=0, timeout=60):
        def find():
            for line in self.lines[after:]:
                if what in line:
                    return line
            if self.process.poll() is not None:
                self.reader.join(2)
                raise AssertionError("the proxy ended: "
                                     + "\n".join(self.lines))
            return None
        return support.wait_for(find, timeout, f'the line "{what}"')

    def signal(self, number, line):
        after = len(self.lines)
        self.process.send_signal(number)
        return self.wait_line(line, after)

    def reload(self):
        return self.signal(signal.SIGUSR1, "reload")

    def counters(self):
        line = self.signal(signal.SIGUSR2, "counters {")
        return json.loads(line[line.index("{"):])

    def decisions(self):
        """The decision lines so far, as dictionaries."""
        return [dict(re.findall(r' ([a-z-]+)="((?:[^"\\]|\\.)*)"', line))
                for line in self.lines if " decision " in line]

    def wait_decisions(self, count):
        support.wait_for(lambda: len(self.decisions()) >= count,
                         what=f"{count} decision lines")
        return self.decisions()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.reader.join(5)
        assert code == 0, "\n".join(self.lines)
