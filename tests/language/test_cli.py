"""The command line: help, usage errors, check, publish."""

import os
import re
import subprocess

import pytest

import support
from cli_samples import ALICE, KEYS, alice, site  # noqa: F401


COMMANDS = ["check", "publish", "explain", "show", "replay", "learn", "pause",
            "open", "close", "relate", "link", "code", "held", "release",
            "log", "report", "standing", "export", "forget", "status"]


# ---- help and usage ----

def test_help_lists_what_is_built_and_nothing_else(usher):
    said = usher("--help")
    assert said.code == 0 and said.stderr == ""
    listed = re.findall(r"^  (\w+)  ", said.stdout, re.M)
    assert listed == COMMANDS
    assert usher("help").stdout == usher("-h").stdout == said.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(usher, command):
    said = usher(command, "--help")
    assert said.code == 0 and said.stderr == ""
    assert said.stdout.startswith(f"usage: usher {command} ")
    assert "--help" in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 80
    assert usher("help", command).stdout == said.stdout
    assert usher(command, "-h").stdout == said.stdout


def test_help_of_a_command_names_each_option_of_the_manual(usher):
    manual = (support.ROOT / "packaging/man/usher.1").read_text()
    synopsis = manual.split(".Sh SYNOPSIS")[1].split(".Sh ")[0]
    for block in synopsis.split(".Nm\n")[1:]:
        command = re.match(r"\.Cm (\w+)", block)
        if command is None or command[1] == "help":
            continue
        told = usher(command[1], "--help").stdout
        for option in re.findall(r"Fl (-?[\w-]+)", block):
            assert f"  -{option} " in told, (command[1], option)


def test_the_configuration_may_stand_before_the_command(usher, site):
    behind = usher("check", "-c", site)
    assert usher("-c", site, "check") == behind and behind.code == 0


def test_version(usher):
    assert re.fullmatch(r"usher \d+\.\d+\.\d+\n", usher("--version").stdout)


def test_no_command_is_a_usage_error(usher):
    said = usher()
    assert said.code == 2 and said.stdout == ""
    assert "usage: usher COMMAND" in said.stderr


@pytest.mark.parametrize("words, complaint", [
    (["chek"], "no command `chek`; did you mean `check`?"),
    (["xyzzy"], "no command `xyzzy`"),
    (["-c"], "options follow the command"),
    (["--json", "check"], "options follow the command"),
    (["-c", "a", "check", "-c", "b"], "`-c` is given twice"),
    (["check", "--stricy"], "no option `--stricy`; did you mean `--strict`?"),
    (["check", "--strict=yes"], "`--strict` takes no value"),
    (["check", "--at"], "`--at` needs TIME"),
    (["check", "-c", "a", "-c", "b"], "`-c` is given twice"),
    (["publish", "--json"], "no option `--json`"),
    (["show"], "Name the recipient"),
    (["show", "a@b.example", "c@d.example"], "one recipient"),
    (["explain", "--from", "a@b.example"], "Give --to WHO"),
    (["explain", "--to", "a@b.example", "x.eml"], "`x.eml` is no option"),
    (["explain", "--to", "a@b.example"], "standard input is empty"),
    (["explain", "--to", "a@b.example", "--from", "c@d.example",
      "--channel", "phon"], "by `phon`; did you mean `phone`?"),
    (["explain", "--to", "a@b.example", "--from", "c@d.example",
      "--channel", "page"], "no attempt comes by `page`"),
    (["explain", "--to", "a@b.example", "--from", "c@d.example",
      "--purpose", "salse"], "purpose `salse`; did you mean `sales`?"),
    (["explain", "--to", "a@b.example", "--from", "c@d.example",
      "--fact", "known"], "should be NAME=VALUE"),
    (["explain", "--to", "a@b.example", "--channel", "phone"],
     "needs --from"),
    (["replay", "x"], "Give --to WHO"),
    (["replay", "--to", "a@b.example"], "Name an mbox"),
])
def test_usage_errors_say_what_to_do(usher, words, complaint):
    said = usher(*words)
    assert (said.code, said.stdout) == (2, "")
    assert complaint in said.stderr
    assert "Try `usher" in said.stderr and "--help`." in said.stderr


def test_words_and_options_mix(usher, alice):
    plain = usher("show", "--preferences", alice, "--at", "2026-11-24",
                  "alice@example.com")
    assert plain.code == 0
    assert usher("show", "alice@example.com", f"--preferences={alice}",
                 "--at=2026-11-24").stdout == plain.stdout
    assert usher("show", "--at=2026-11-24", f"--preferences={alice}", "--",
                 "alice@example.com").stdout == plain.stdout


def test_full_disk_is_a_failure(alice):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [support.program("usher"), "show", "--preferences", alice,
             "alice@example.com"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 3
    assert b"No space left" in done.stderr


# ---- publish, and the store ----

def test_what_is_published_is_explained_from_the_store(usher, site):
    words = ["explain", "-c", site, "--from", "+442071234567", "--json",
             "--to"]
    empty = usher(*words, "alice@example.com")
    assert empty.code == 0 and empty.json()["rule"] == "safety"
    said = usher("publish", "-c", site)
    assert said.code == 0 and said.stderr == ""
    first, total = said.stdout.splitlines()
    assert first.startswith("added") and "alice.conf" in first
    assert "Alice Ng" in first
    assert total == "1 added, 0 changed, 0 removed, 0 unchanged, 0 broken"
    for who in ["alice@example.com", "alice+news@example.com",
                "+14155550100"]:
        assert usher(*words, who).json()["rule"] == "write first", who
    nobody = usher(*words, "nobody@example.com").json()
    assert (nobody["verdict"], nobody["rule"], nobody["reason"]) \
        == ("accept", "safety", "safety")
    assert list(nobody) == KEYS


def test_publish_keeps_the_last_good_of_a_broken_source(usher, site):
    source = site.parent / "preferences/alice.conf"
    assert usher("publish", "-c", site).code == 0
    source.write_text(ALICE + "\nnme = 1;\n")
    said = usher("publish", "-c", site)
    assert said.code == 2
    assert re.search(r"alice\.conf:\d+: .*nme", said.stderr)
    assert said.stdout.splitlines()[-1].endswith(" 1 broken")
    assert usher("explain", "-c", site, "--to", "alice@example.com",
                 "--from", "+442071234567").code == 1
    source.write_text(ALICE.replace("Alice Ng", "Alice N."))
    said = usher("publish", "-c", site, source)
    assert said.code == 0 and said.stdout.startswith("changed")
    source.unlink()
    said = usher("publish", "-c", site)
    assert said.code == 0 and said.stdout.startswith("removed")


def test_publish_tells_a_wrong_site_from_a_store_that_fails(usher, site):
    text = site.read_text()
    site.write_text(text.replace("preferences/*.conf", "nowhere/*.conf"))
    said = usher("publish", "-c", site)
    assert said.code == 2 and "nowhere/*.conf" in said.stderr
    site.write_text(re.sub("lmdb:.*/store", "lmdb:/proc/none/x", text))
    said = usher("publish", "-c", site)
    assert said.code == 3 and "/proc/none/x" in said.stderr


def test_without_a_site_the_commands_say_what_to_give(usher, tmp_path):
    if os.path.exists("/etc/usher/usher.conf"):
        pytest.skip("this machine has a site of its own")
    for words in [["check"], ["publish"], ["show", "a@b.example"],
                  ["explain", "--to", "a@b.example", "--from", "c@d.example"]]:
        said = usher(*words)
        assert (said.code, said.stdout) == (2, "")
        assert "/etc/usher/usher.conf: No such file" in said.stderr
        assert "-c FILE" in said.stderr
    said = usher("publish", "-c", tmp_path / "none.conf")
    assert said.code == 2 and "none.conf" in said.stderr


# ---- check ----

def test_check_of_a_good_file_is_silent(usher, alice):
    alice.write_text('addresses = [ "alice@example.com" ];\n'
                     'timezone = "UTC";\n')
    said = usher("check", alice)
    assert (said.code, said.stdout, said.stderr) == (0, "", "")
    assert usher("check", "--strict", alice).code == 0


def test_check_tells_every_error_of_every_file(usher, alice, tmp_path):
    alice.write_text('adresses = [ ];\nrules = ( { then = "acept"; } );\n')
    other = tmp_path / "other.conf"
    other.write_text('addresses = [ "b@example.com" ];\ntimezone = "Mars";\n')
    said = usher("check", alice, other, tmp_path / "none.conf")
    assert said.code == 2
    lines = said.stdout.splitlines()
    assert [line for line in lines if line.startswith(f"{alice}:1: ")]
    assert [line for line in lines if line.startswith(f"{alice}:2: ")]
    assert [line for line in lines if line.startswith(f"{other}:2: ")]
    assert [line for line in lines if "none.conf: " in line]


def test_check_warns_and_is_strict_when_asked(usher, alice):
    alice.write_text("""addresses = [ "alice@example.com" ];
rules = (
  { name = "all"; then = "refuse"; },
  { name = "dead"; if = { channel = "phone"; }; then = "accept"; }
);
""")
    said = usher("check", alice)
    assert said.code == 0
    assert re.search(rf"^{alice}:4: warning: ", said.stdout, re.M)
    assert usher("check", "--strict", alice).code == 1


def test_check_reads_a_site_with_its_sources(usher, site, alice):
    clean = usher("check", "-c", site)
    assert clean.code == 0
    (site.parent / "preferences/bob.conf").write_text("nme = 1;\n")
    for words in [["-c", site], ["-c", site, site], [site]]:
        said = usher("check", *words)
        assert said.code == 2, words
        assert "bob.conf:1: " in said.stdout
    renamed = site.parent / "site.conf"
    site.rename(renamed)
    assert "bob.conf:1: " in usher("check", renamed).stdout


def test_check_finds_an_address_that_two_sources_have(usher, site):
    bob = site.parent / "preferences/bob.conf"
    bob.write_text('addresses = [ "bob@example.com" ];\n'
                   'phones = [ "+14155550100" ];\n')
    said = usher("check", "-c", site)
    assert said.code == 2
    assert f"{bob}:1: +14155550100 belongs to " in said.stdout
    bob.write_text('addresses = [ "bob@example.com" ];\n')
    assert usher("check", "-c", site).code == 0


def test_every_finding_of_check_stands_at_a_line(usher, site):
    site.write_text('store = "lmdb:none";\nmail = { mixed = "aside"; };\n'
                    'preferences = [ "preferences/*.conf" ];\n')
    (site.parent / "preferences/bob.conf").write_text('name = "Bob";\n')
    said = usher("check", "-c", site)
    assert said.code == 2 and "there is no mailbox for it" in said.stdout
    assert "names no recipient" in said.stdout
    for line in said.stdout.splitlines():
        assert re.match(r"/.+\.conf:[1-9]\d*: ", line), line


def test_check_tells_what_a_proxy_would_miss(usher, site):
    text = site.read_text()
    assert "sip" not in usher("check", "-c", site).stdout
    site.write_text(text + 'sip = { listen = [ "tls:127.0.0.1:5061" ]; tls ='
                    ' { certificate = "/none/a.pem"; key = "/none/b.key"; };'
                    ' };\n')
    said = usher("check", "-c", site)
    assert said.code == 0 and said.stdout.count("sip.next_hops is not") == 1
    for part in ["no peer is trusted", "/none/a.pem cannot be read",
                 "/none/b.key cannot be read"]:
        assert part in said.stdout
    site.write_text(text + 'sip = { next_hops = [ "sip:10.0.0.5" ];'
                    ' trusted = [ "192.0.2.1" ]; };\n')
    assert "sip" not in usher("check", "-c", site).stdout


def test_check_compiles_files_under_the_site(usher, site, alice):
    alice.write_text('addresses = [ "alice@example.com" ];\nrules = ( { if ='
                     ' { party = "friends"; }; then = "accept"; } );\n')
    assert usher("check", alice).code == 2
    site.write_text(site.read_text().replace(
        "site = {", 'site = { parties = { friends = { organizations = '
        '[ "f.example" ]; }; };'))
    assert usher("check", "-c", site, alice).code == 0
    site.write_text(site.read_text() + "moed = 1;\n")
    said = usher("check", "-c", site, alice)
    assert said.code == 2 and "usher.conf:" in said.stdout


def test_check_refuses_a_time_it_cannot_read(usher, alice, site):
    for words in [[alice], ["-c", site]]:
        said = usher("check", "--at", "soon", *words)
        assert said.code == 2 and "--at: " in said.stderr
