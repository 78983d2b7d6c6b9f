"""After many calls nothing is left of them: no transaction, no memory.

Few of both here, to see that it holds at all; `make endure` takes 100,000
calls with 2,000 bindings. Half of the calls are refused and acknowledged, half
are answered, acknowledged and hung up.
"""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

import support
from actor import Actor, Call
from sip_site import HOST, Site

CALLS = int(os.environ.get("USHER_ENDURE_CALLS", "400"))
BINDINGS = int(os.environ.get("USHER_ENDURE_BINDINGS", "20"))
PHONE = "127.0.0.5"
USERS = 50
BEAT_S = 25
PATIENCE_S = 60 + CALLS / 100


@pytest.fixture
def busy(tmp_path):
    """A proxy before phones and PBX at once, its timers short."""
    source = support.free_port(HOST, ("udp",))
    s = Site(tmp_path / "site",
             peers=f'{{ name = "load"; from = [ "{HOST}:{source}" ]; '
                   "trusted = true; }",
             timers="t1 = 50; t2 = 200; t4 = 100; probe = 600000;",
             sip='register = "path"; '
                 "limits = { rate = 100000; burst = 100000; };")
    s.source, s.made = source, 0
    s.write('rules = ( ); otherwise = "refuse";',
            phones=[f"sip:u{n}@example.com" for n in range(USERS // 2)])
    s.start()
    yield s
    s.stop()


def register(site, count):
    """So many phones, by one PBX that then goes away."""
    pbx, phone = Actor(HOST, site.pbx_port), Actor(PHONE)
    try:
        for n in range(count):
            user = f"sip:phone{n}@example.com"
            call = Call(phone, site.address, "sip:example.com", body="",
                        method="REGISTER", caller=user, to=user,
                        headers=["Expires: 3600"]).send()
            seen = pbx.expect("REGISTER")
            pbx.reply(seen, 200, "OK", tag="reg", contact=False, headers=[
                f"Contact: {seen.get('Contact')};expires=3600"]
                + [f"Path: {p}" for p in seen.values("Path")])
            call.expect(200)
    finally:
        pbx.close()
        phone.close()


def call_many(site, count):
    done = subprocess.run(
        [support.program("bench/sip_load"), "-t", str(site.port),
         "-f", str(site.source), "-u", str(site.pbx_port), "-n", str(count),
         "-i", str(site.made), "-U", str(USERS), "-w", "32", "-c", "200",
         "-b", "-s", str(int(PATIENCE_S))],
        capture_output=True, text=True, timeout=PATIENCE_S + 60)
    site.made += count
    assert done.returncode == 0, done.stdout + done.stderr
    codes = dict(re.findall(r"(\d+):(\d+),", done.stdout))
    assert set(codes) == {"200", "603"}, done.stdout
    support.wait_for(lambda: not site.counters()["transactions"],
                     PATIENCE_S, "the end of every transaction")


def resident_kb(site):
    status = Path(f"/proc/{site.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


@pytest.mark.timeout(3 * PATIENCE_S + 300)
def test_nothing_is_left_of_many_calls(busy):
    register(busy, BINDINGS)
    assert busy.counters()["bindings"] == BINDINGS
    resident = []
    for _ in range(2):
        call_many(busy, CALLS)
        if CALLS > 10000:   # decisions are kept for half a minute
            support.wait_for(lambda: not busy.counters()["decisions"],
                             120, "the end of every decision")
            time.sleep(BEAT_S)   # at rest it gives back what it took
        resident.append(resident_kb(busy))
    counters = busy.counters()
    print(f"{2 * CALLS} calls, {BINDINGS} bindings: resident {resident} kB, "
          f"{counters['transactions']} transactions")
    assert counters["bindings"] == BINDINGS
    assert counters["servers"] == counters["clients"] == 0
    assert counters["calls_unanswered"] == 0
    assert counters["timeouts"] <= CALLS / 100   # a stalled machine
    if not support.SANITIZED:
        slack = 0 if CALLS > 10000 else 1024
        assert resident[1] <= resident[0] * 1.05 + slack
