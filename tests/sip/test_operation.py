"""Start, signals, reload, stop; what is refused at start."""

import os
import re
import signal
import stat
import subprocess
import time

import pytest

import support
from actor import Call
from sip_site import HOST, Site

NO = 'rules = ( { name = "no"; then = "refuse"; } );'


def run(folder, *more):
    return subprocess.run(
        [support.program("usher-sip"), "-f", "-c",
         str(folder / "usher.conf"), *more], capture_output=True, text=True,
        timeout=60)


@pytest.mark.parametrize("sip,sentence", [
    ('place = "desk";', "place"), ('register = "always";', "register"),
    ('next_hop = "x";', "next_hop"), ('refuse = 404;', "refuse is 480"),
    ('peers2 = ( );', "peers2"), ('timers2 = { };', "timers2"),
    ('trusted = [ "nobody" ];', "is no source"),
    ('extensions = 5;', "extensions")])
def test_wrong_configuration_is_refused(tmp_path, sip, sentence):
    s = Site(tmp_path / "site", sip=sip)
    if "trusted" in sip:
        text = (s.folder / "usher.conf").read_text()
        (s.folder / "usher.conf").write_text(
            text.replace('trusted = [ "127.0.0.2" ];', ""))
    result = run(s.folder)
    assert result.returncode == 2, result.stderr
    assert sentence in result.stderr


@pytest.mark.parametrize("line,sentence", [
    ('listen = [ "tls:127.0.0.1:0" ];',
     "a tls listener needs tls = { certificate"),
    ('listen = [ "udp:example" ];', "no address of this host"),
    ('listen = [ "udp:[::1" ];', "is no"),
    ('next_hops = [ "sip:127.0.0.1;transport=tcp" ];',
     "has no TCP listener"),
    ('next_hops = [ "127.0.0.1" ];', "is no next hop"),
    ('', "sip.next_hops is not set")])
def test_wrong_places_are_refused(tmp_path, line, sentence):
    s = Site(tmp_path / "site")
    s.publish()
    default = ('listen = [ "udp:127.0.0.1:0" ]; '
               if "listen" not in line else "")
    hops = ('next_hops = [ "sip:127.0.0.1:5099" ]; '
            if "next_hops" not in line and line else "")
    (s.folder / "usher.conf").write_text(
        'store = "lmdb:store"; site = { domains = [ "example.com" ]; };\n'
        'sip = { %s %s %s };\n' % (default, hops, line))
    result = run(s.folder)
    assert result.returncode == 2, result.stderr
    assert sentence in result.stderr


def test_a_taken_port_is_a_failure(tmp_path, site):
    s = site()
    result = run(s.folder)
    assert result.returncode == 3
    assert "cannot listen on" in result.stderr


def test_options_of_the_command(tmp_path):
    program = support.program("usher-sip")
    for option in ("--help", "--version"):
        done = subprocess.run([program, option], capture_output=True,
                              text=True)
        assert done.returncode == 0 and "usher-sip" in done.stdout
    for wrong in ("--nonsense", "extra"):
        assert subprocess.run([program, wrong],
                              capture_output=True).returncode == 2
    s = Site(tmp_path / "site")
    s.publish()
    result = run(s.folder, "--at", "yesterday noon")
    assert result.returncode == 2 and "--at" in result.stderr


def test_start_warns_without_any_trusted_peer(tmp_path):
    s = Site(tmp_path / "site")
    s.configure(trunk="127.0.0.2")
    text = (s.folder / "usher.conf").read_text()
    (s.folder / "usher.conf").write_text(
        text.replace('trusted = [ "127.0.0.2" ];', ""))
    s.start()
    assert any("no peer is trusted" in line for line in s.lines)
    s.stop()


def test_reload_changes_answers_and_spares_calls(site, trunk, pbx):
    s = site(NO)
    Call(trunk, s.address, s.uri()).send().final(603)
    ringing = Call(trunk, s.address, s.uri("+14155550199")).send()
    invite = pbx.expect("INVITE")
    s.configure(sip="refuse = 486;")
    s.reload()
    Call(trunk, s.address, s.uri(), caller="sip:b@example.net"
         ).send().final(486)
    pbx.reply(invite, 480, tag="x")
    ringing.final(480)


def test_broken_reload_keeps_what_is_in_force(site, trunk):
    s = site(NO)
    s.configure(sip="refuse = nonsense;")
    s.signal(signal.SIGUSR1, "the configuration in force stays")
    Call(trunk, s.address, s.uri()).send().final(603)
    s.configure(sip='tls = { certificate = "none.pem"; key = "none.pem"; };')
    s.signal(signal.SIGUSR1, "the configuration in force stays")
    Call(trunk, s.address, s.uri(), caller="sip:b@example.net"
         ).send().final(603)


def test_drain_refuses_new_calls_and_lets_the_rest_finish(tmp_path, trunk,
                                                          pbx):
    s = Site(tmp_path / "site", pbx.port)
    text = (s.folder / "usher.conf").read_text()
    (s.folder / "usher.conf").write_text(
        text.replace("drain = 0;", "drain = 60000;"))
    s.write('rules = ( ); otherwise = "accept";')
    s.start()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, tag="x")
    call.expect(180)
    s.signal(signal.SIGTERM, "stopping")
    answer = Call(trunk, s.address, s.uri("+14155550199")).send().final(503)
    assert answer.retry_after > 0
    pbx.reply(invite, 200, "OK", tag="x")
    call.expect(200)
    begun = time.monotonic()
    assert s.process.wait(60) == 0
    assert time.monotonic() - begun < 30


def test_key_is_kept_private_beside_the_store(site):
    s = site()
    key = s.folder / "store" / "sip.key"
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600
    assert key.stat().st_size == 16


def test_counters_are_one_line_of_json(site, trunk, pbx):
    s = site()
    Call(trunk, s.address, s.uri()).send()
    pbx.expect("INVITE")
    counters = s.counters()
    assert counters["transactions"] == 2
    assert counters["servers"] == counters["clients"] == 1
    assert counters["accepted"] == 1
    assert counters["hops"] == [
        {"hop": f"{HOST}:{pbx.port}", "alive": True, "missed": 0}]


def test_decision_line_quotes_what_came_over_the_wire(site, trunk):
    s = site(NO)
    Call(trunk, s.address, s.uri(), call_id='a"b\\c@x').send().final(603)
    line = s.wait_line(" decision ")
    assert re.search(r'call-id="a\\"b\\\\c@x"', line)


def test_the_clock_can_be_fixed(site, trunk):
    s = site('rules = ( { name = "w"; then = "accept"; '
             'during = "16:00-17:00"; } );', at="2026-11-24T15:59:30-05:00")
    assert any("rehearsal" in line for line in s.lines)
    assert Call(trunk, s.address, s.uri()).send().final(480).retry_after == 30


def test_unreadable_policies_let_calls_pass(site, trunk, pbx):
    s = site(NO)
    s.kill()
    data = s.folder / "store" / "policies" / "data.mdb"
    os.rename(data, s.folder / "gone.mdb")
    data.write_bytes(b"\0" * 8192)
    try:
        s.run()
    except AssertionError as error:
        assert "store" in str(error)        # refused at start: also an answer
        return
    Call(trunk, s.address, s.uri()).send()
    pbx.expect("INVITE")


def processes_of(path):
    """Ids of the processes that were started with this file."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                arguments = file.read().split(b"\0")
        except OSError:
            continue
        if entry.isdigit() and str(path).encode() in arguments:
            found.append(int(entry))
    return found


def test_background_is_ready_when_the_starter_returns(tmp_path, trunk):
    s = Site(tmp_path / "site")
    s.publish()
    file = s.folder / "usher.conf"
    done = subprocess.run([support.program("usher-sip"), "-c", str(file)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    daemons = processes_of(file)
    assert len(daemons) == 1
    try:
        Call(trunk, s.address, f"sip:{HOST}:{s.port}", body="",
             method="OPTIONS").send().expect(200)
        again = subprocess.run(
            [support.program("usher-sip"), "-c", str(file)],
            capture_output=True, text=True, timeout=60)
        assert again.returncode == 3
        assert "cannot listen on" in again.stderr
    finally:
        os.kill(daemons[0], signal.SIGTERM)
        support.wait_for(lambda: not processes_of(file), 10, "its end")


def test_a_changed_file_is_read_without_a_signal(site, trunk):
    s = site(NO)
    s.configure(sip="refuse = 486;")
    s.wait_line("configuration reloaded")
    Call(trunk, s.address, s.uri()).send().final(486)
