"""The proxy between real speakers: SIPp at its rate, Kamailio as the PBX."""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

import support
from sip_site import HOST, STRANGER, TRUNK

SCENARIOS = Path(__file__).parent / "scenarios"

# Under the sanitizers everything is slower, and the machine is shared.
CALLS, RATE = (1000, 100) if support.SANITIZED else (10000, 400)

VERDICT = 'rules = ( { name = "it"; then = "%s"; } );'


def sipp(folder, scenario, *more, host=HOST, port=None, code=None):
    """SIPp in a folder of its own, at the end of which it must say all well."""
    folder.mkdir()
    text = (SCENARIOS / scenario).read_text()
    name = Path(scenario).name
    (folder / name).write_text(text.replace("@CODE@", str(code)))
    command = ["sipp", "-sf", name, "-i", host, "-p",
               str(port or support.free_port(host, ("udp",))),
               "-mp", str(support.free_port(host, ("udp",))),
               "-buff_size", "4194304", "-nostdin", "-trace_err",
               *map(str, more)]
    log = open(folder / "screen", "w")
    process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    process.folder = folder
    return process


def well(process, timeout=180):
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    errors = "".join(Path(f).read_text(errors="replace") for f in
                     glob.glob(str(process.folder / "*errors.log")))
    aborted = errors.find("Aborting call")
    errors = errors[max(aborted, 0):][:3000]
    screen = (process.folder / "screen").read_text()[-3000:]
    assert code == 0, errors + screen


@pytest.fixture
def processes():
    started = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


@(lambda test: test if support.SANITIZED else pytest.mark.alone(test))
@pytest.mark.timeout(300)
@pytest.mark.parametrize("calls", [CALLS], ids=[f"{CALLS}-calls"])
def test_many_calls_end_as_their_policies_say(site, tmp_path, processes, pbx,
                                              calls):
    port = pbx.port
    pbx.close()
    s = site('rules = ( ); otherwise = "accept";',
             timers="t1 = 200; t2 = 800; t4 = 1000; probe = 600000; "
             "failover = 12000;",
             sip="limits = { rate = 1000; burst = 1000; };",
             at="2026-11-24T15:00:00-05:00")
    s.write('rules = ( { name = "later"; then = "accept"; '
            'during = "16:00-17:00"; } );', "bob", ("+14155550101",))
    s.write('rules = ( { name = "no"; then = "refuse"; } );',
            "carol", ("+14155550102",))
    s.publish()
    phone = sipp(tmp_path / "phone", "phone.xml", "-m", calls * 6 // 10,
                 port=port)
    processes.append(phone)
    shares = ((6, "caller.xml", "+14155550100", TRUNK, None),
              (2, "turned_away.xml", "+14155550101", TRUNK, 480),
              (1, "turned_away.xml", "+14155550102", TRUNK, 603),
              (1, "turned_away.xml", "+14155550101", STRANGER, 480))
    callers = []
    for i, (tenths, scenario, number, host, code) in enumerate(shares):
        callers.append(sipp(
            tmp_path / f"caller{i}", scenario, "-s", number,
            "-m", calls * tenths // 10, "-r", RATE * tenths // 10,
            "-l", calls, f"{HOST}:{s.port}", host=host, code=code))
    processes.extend(callers)
    for process in (*callers, phone):
        well(process)
    counters = s.counters()
    assert counters["accepted"] == calls * 6 // 10
    assert counters["deferred"] == calls * 3 // 10
    assert counters["refused"] == calls // 10
    assert counters["faults"] == counters["dropped"] == 0
    assert counters["timeouts"] == counters["send_errors"] == 0
    support.wait_for(lambda: s.counters()["transactions"] == 0, 30,
                     "the end of every transaction")
    assert s.counters()["calls_unanswered"] == 0
    assert s.wait_decisions(calls)


def start_kamailio(folder, port, host=HOST):
    """Kamailio as PBX, its files in this new folder: the process."""
    binary = shutil.which("kamailio") or "/usr/sbin/kamailio"
    modules = glob.glob("/usr/lib/*/kamailio/modules")
    assert modules, "kamailio is not installed: packaging/install-deps test"
    folder.mkdir()
    text = (SCENARIOS / "pbx.cfg").read_text()
    (folder / "pbx.cfg").write_text(text.replace("@PORT@", str(port))
                                    .replace("@HOST@", host)
                                    .replace("@MODULES@", modules[0]))
    with open(folder / "log", "w") as log:
        return subprocess.Popen(
            [binary, "-f", str(folder / "pbx.cfg"), "-DD", "-E", "-Y",
             str(folder), "-m", "32", "-M", "4", "-x", "fm"],
            stdout=log, stderr=log, cwd=folder)


def stop_kamailio(process):
    """Ends it with its children, one of which hangs at times."""
    if process.poll() is not None:
        return
    pid = process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        for one in [*map(int, children), pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        process.wait()


@pytest.fixture
def kamailio(tmp_path, processes):
    """Kamailio as PBX at a port."""
    def start(port, host=HOST):
        processes.append(start_kamailio(tmp_path / "kamailio", port, host))
        return processes[-1]
    yield start
    for process in processes:
        if "kamailio" in str(process.args[0]):
            stop_kamailio(process)


def test_phones_behind_a_real_pbx(site, tmp_path, kamailio, processes, pbx):
    port = pbx.port
    pbx.close()
    s = site(VERDICT % "accept",
             write={"phones": ("sip:1001@example.com",)})
    s.write(VERDICT % "refuse", "bob",
            ("sip:1002@example.com",))
    s.publish()
    process = kamailio(port)
    phone_port = support.free_port(HOST, ("udp",))

    def registered():
        assert process.poll() is None, \
            (tmp_path / "kamailio" / "log").read_text()[-2000:]
        folder = tmp_path / f"register{support.free_port()}"
        one = sipp(folder, "register.xml", "-m", 1, "-s", "1001",
                   "-timeout", "3s", f"{HOST}:{port}", port=phone_port)
        processes.append(one)
        return one.wait(20) == 0
    support.wait_for(registered, 30, "a registration")
    phone = sipp(tmp_path / "phone", "phone.xml", "-m", 20, port=phone_port)
    processes.append(phone)
    called = sipp(tmp_path / "called", "caller.xml", "-s", "1001", "-m", 20,
                  "-r", 10, f"{HOST}:{s.port}", host=TRUNK)
    refused = sipp(tmp_path / "refused", "turned_away.xml", "-s", "1002",
                   "-m", 5, f"{HOST}:{s.port}", host=TRUNK, code=603)
    nobody = sipp(tmp_path / "nobody", "turned_away.xml", "-s", "1003",
                  "-m", 1, f"{HOST}:{s.port}", host=TRUNK, code=404)
    processes.extend((called, refused, nobody))
    for one in (called, refused, nobody, phone):
        well(one, 60)
    verdicts = [d["verdict"] for d in s.wait_decisions(25)]
    assert verdicts.count("refuse") == 5
