"""The wishes that conf/examples/ are written for, each from all its sides.

A case is a line: options of `usher explain`, then what must come of them: the
verdict, the rule, and where they matter the reason, the beginning of the
opening, the targets, how many things are missing.  2026-11-24 is a Tuesday.
"""

import shlex
import shutil
from pathlib import Path

import pytest

from support import ROOT, run_usher

EXAMPLES = ROOT / "conf" / "examples"
STRANGER = "--from +442071234567 --verified"
MEMORY = "memory is empty"

# file: who, what `usher check` says on purpose, cases
WISHES = {
    "introduction-by-mail": ("bob@example.com", [MEMORY], """
        # between eleven and one, Eastern time, summer and winter
        --from s@pitch.example --purpose sales --at 2026-11-24T11:00
            = accept | introductions by mail
        --from s@pitch.example --purpose sales --at 2026-11-24T12:59
            = accept | introductions by mail
        --from s@pitch.example --purpose sales --at 2026-11-24T13:00
            = defer | introductions by mail | outside its hours \
                | 2026-11-25T16:00:00Z
        --from s@pitch.example --purpose sales --at 2026-07-07T10:59
            = defer | introductions by mail | outside its hours \
                | 2026-07-07T15:00:00Z
        # X, Y and Z write when they like, if it is they
        --from s@y-labs.example --verified --purpose sales --at 2026-11-24T20:00
            = accept | otherwise
        --from s@y-labs.example --purpose sales --at 2026-11-24T20:00
            = defer | introductions by mail
        # no pitch, no window
        --from s@pitch.example --purpose personal --at 2026-11-24T20:00
            = accept | otherwise
        # X, Y and Z call; whoever only says so does not
        --from +12125550120 --verified --at 2026-11-24T03:00
            = accept | suppliers may call
        --from +16465559999 --verified --at 2026-11-24T03:00
            = accept | suppliers may call
        --from +12125550120 --at 2026-11-24T03:00
            = redirect | write before you call | rule | none \
                | email 2026-11-24T16:00:00Z
        # all others write, also by video; once introduced they call
        --from +442071234567 --verified --channel video --at 2026-11-24T11:30
            = redirect | write before you call | rule | none \
                | email 2026-11-24T16:30:00Z
        --from +442071234567 --verified --fact introduced=true \
                --at 2026-11-24T15:00 = accept | otherwise
    """),
    "standing": ("noor@example.com", [MEMORY], f"""
        # who kept to hours before calls on any weekday, in office hours
        {STRANGER} --fact standing=good --at 2026-11-23T09:00
            = accept | who kept to hours before
        {STRANGER} --fact standing=good --at 2026-11-23T08:59
            = defer | strangers call at four | outside its hours \
                | 2026-11-23T17:00:00Z
        {STRANGER} --fact standing=good --at 2026-11-24T16:59
            = accept | who kept to hours before
        # others at four, and who only says so is one of them
        {STRANGER} --fact standing=new --at 2026-11-24T16:00
            = accept | strangers call at four
        {STRANGER} --at 2026-11-23T12:00
            = defer | strangers call at four | outside its hours \
                | 2026-11-25T00:00:00Z
        --from +442071234567 --fact standing=good --at 2026-11-23T12:00
            = defer | strangers call at four
        # who did not keep to them writes
        {STRANGER} --fact standing=poor --at 2026-11-24T16:00
            = redirect | who did not, by mail
        {STRANGER} --channel email --fact standing=poor \
                --at 2026-11-24T03:00 = accept | otherwise
    """),
    "no-sales-calls-before-three": ("carla@example.com", [MEMORY], f"""
        {STRANGER} --channel phone --purpose sales --at 2026-11-24T09:00
            = defer | no sales before three | rule | 2026-11-24T20:00:00Z
        # who says nothing is met as well
        {STRANGER} --at 2026-11-24T14:59
            = defer | no sales before three | rule | 2026-11-24T20:00:00Z
        {STRANGER} --purpose sales --at 2026-11-24T15:00 = accept | otherwise
        # unless they sell enterprise search
        --from +14155550177 --verified --purpose sales --at 2026-11-24T09:00
            = accept | search vendors, any time
        --from sip:ann@elastic.example --verified --at 2026-11-24T09:00
            = accept | search vendors, any time
        --from +14155550177 --purpose sales --at 2026-11-24T09:00
            = defer | no sales before three
        {STRANGER} --purpose sales --subject "ENTERPRISE-SEARCH, a demo" \
                --at 2026-11-24T09:00
            = accept | calls about enterprise search, any time
        {STRANGER} --purpose sales --subject "research for enterprises" \
                --at 2026-11-24T09:00 = defer | no sales before three
        # others are no sales
        {STRANGER} --purpose personal --at 2026-11-24T09:00
            = accept | otherwise
        --from +12125550149 --verified --at 2026-11-24T09:00
            = accept | otherwise
        --from s@pitch.example --purpose sales --at 2026-11-24T09:00
            = accept | otherwise
    """),
    "document-storage-calls": ("dana@example.com", [MEMORY], f"""
        {STRANGER} --subject "Document storage" --at 2026-11-24T16:00
            = accept | storage, Tuesday and Thursday
        {STRANGER} --subject "Document storage" --at 2026-11-26T16:59
            = accept | storage, Tuesday and Thursday
        {STRANGER} --subject "Document storage" --at 2026-11-24T17:00
            = defer | storage, Tuesday and Thursday | outside its hours \
                | 2026-11-26T16:00:00Z
        # Wednesday; and in summer time
        {STRANGER} --fact reason="records management" --at 2026-07-08T16:30
            = defer | storage, Tuesday and Thursday | outside its hours \
                | 2026-07-09T15:00:00Z
        # away over Christmas (Thursday) and in August
        {STRANGER} --subject "document archive" --at 2026-12-24T16:30
            = defer | storage, Tuesday and Thursday | outside its hours \
                | 2027-01-05T16:00:00Z
        {STRANGER} --subject "document archive" --at 2026-08-04T16:30
            = defer | storage, Tuesday and Thursday | outside its hours \
                | 2026-08-18T15:00:00Z
        # nothing but storage
        {STRANGER} --subject "office plants" --at 2026-11-24T16:30
            = redirect | everything else in writing | rule | none \
                | email 2026-11-24T16:30:00Z + page 2026-11-24T16:30:00Z
        {STRANGER} --purpose personal --at 2026-11-24T10:00
            = accept | otherwise
    """),
    "write-first-with-overview": ("emil@example.com", [], """
        --from +46855501701 --verified --at 2026-11-24T10:00
            = redirect | write first | rule | none \
                | email 2026-11-24T09:00:00Z
        --from p@north-cloud.example --verified --purpose sales \
                --fact attachment=pdf --fact words=120
            = accept | an overview or a link
        --from p@north-cloud.example --verified --purpose sales \
                --fact link=https://www.slideshare.net/p --fact words=120
            = accept | an overview or a link
        # without either; with too many words; with both faults
        --from p@north-cloud.example --verified --purpose sales \
                --fact words=120
            = redirect | an overview or a link | substance missing | * | * | 1
        --from p@north-cloud.example --verified --purpose sales \
                --fact attachment=docx --fact words=201
            = redirect | an overview or a link | substance missing | * | * | 2
        # introduced: write as you like, and call
        --from p@north-cloud.example --verified --purpose sales \
                --fact introduced=true = accept | otherwise
        --from +46855501701 --verified --fact introduced=true
            = accept | introduced partners may call
        # not partners; and partners about their invoices
        --from s@pitch.example --verified --purpose sales = accept | otherwise
        --from p@north-cloud.example --verified --purpose transactional
            = accept | otherwise
    """),
    "preferred-vendor-code": ("fatima@example.com", [MEMORY], f"""
        {STRANGER} --at 2026-11-24T03:00
            = redirect | other vendors do not call | rule | none \
                | email 2026-11-24T09:00:00Z
        {STRANGER} --fact code=preferred --at 2026-11-24T03:00
            = accept | preferred vendors
        # a code needs no other proof, and serves on every channel
        --from +442071234567 --fact code=preferred = accept | preferred vendors
        --from s@vendor.example --purpose sales --fact code=preferred
            = accept | preferred vendors
        --from anonymous --channel message --fact code=preferred
            = accept | preferred vendors
        # a code for somebody else's party is none
        {STRANGER} --fact code=other = redirect | other vendors do not call
        --from s@vendor.example --purpose sales
            = accept | one mail in four weeks
    """),
    "groups": ("grace@example.com", ["lets mail wait too long"], """
        --from +27115550190 --verified --at 2026-11-22T03:00
            = accept | customers, always
        --from ann@cape-foods.example --verified --purpose sales
            = accept | customers, always
        --from +27215550001 --verified --at 2026-11-24T08:30
            = accept | suppliers call in the morning
        --from +27215550001 --verified --at 2026-11-24T11:30
            = defer | suppliers call in the morning | outside its hours \
                | 2026-11-25T06:30:00Z
        # Freedom Day is a Monday in 2026
        --from +27215550001 --verified --at 2026-04-27T09:00
            = defer | suppliers call in the morning | outside its hours \
                | 2026-04-28T06:30:00Z
        --from bo@paperworks.example --verified --at 2026-11-24T22:00
            = accept | otherwise
        --from +27115550200 --verified --at 2026-11-24T10:00
            = redirect | recruiters do not call | rule | none \
                | email 2026-11-27T07:00:00Z
        --from x@jobs.example --verified --purpose sales --at 2026-11-27T09:00
            = accept | recruiters write on Fridays
        --from x@jobs.example --verified --purpose sales --at 2026-11-27T17:00
            = defer | recruiters write on Fridays | outside its hours \
                | 2026-12-04T07:00:00Z
        --from x@jobs.example --verified --purpose list = accept | otherwise
        --from +27115550210 --verified
            = redirect | press office | rule | none | page
        --from +442071234567 --verified = accept | otherwise
    """),
    "changing-wish": ("henrik@example.com", [MEMORY], f"""
        {STRANGER} --subject "your scanners" --at 2026-11-24T13:00
            = accept | scanners
        {STRANGER} --subject "your scanners" --at 2026-11-28T13:00
            = defer | scanners | outside its hours | 2026-11-30T12:00:00Z
        {STRANGER} --subject "your coffee" --at 2026-11-24T13:00
            = redirect | others write | rule | none \
                | email 2026-11-24T12:00:00Z
    """),
    "no-call-before-three": ("iris@example.com", [], f"""
        {STRANGER} --at 2026-11-24T14:59
            = defer | no call before three | rule | 2026-11-24T06:00:00Z
        {STRANGER} --at 2026-11-24T00:00 --channel video
            = defer | no call before three | rule | 2026-11-24T06:00:00Z
        {STRANGER} --at 2026-11-24T15:00 = accept | otherwise
        {STRANGER} --at 2026-11-24T23:59 = accept | otherwise
        # for anyone
        {STRANGER} --at 2026-11-24T09:00 --fact known=true
            = defer | no call before three
        # a mail is no call
        --from s@pitch.example --at 2026-11-24T09:00 = accept | otherwise
    """),
    "alice": ("alice@example.com", [MEMORY], f"""
        --from +14155559999 --verified --channel phone --at 2026-11-24T03:00
            = accept | search vendors may call
        {STRANGER} --subject "document storage" --at 2026-11-24T15:00
            = defer | storage, Tuesday and Thursday | outside its hours \
                | 2026-11-24T21:00:00Z
        {STRANGER} --at 2026-11-24T15:00
            = redirect | write first | rule | none \
                | email 2026-11-25T16:00:00Z
        --from s@pitch.example --purpose sales --fact attachment=pdf \
                --fact words=50 --at 2026-11-24T11:00
            = accept | one introduction
        --from s@pitch.example --purpose sales --fact words=50 \
                --at 2026-11-24T11:00
            = redirect | one introduction | substance missing | * | * | 1
    """),
}


def cases():
    for name, (who, _, text) in WISHES.items():
        lines = [line for line in text.replace("\\\n", " ").splitlines()
                 if not line.strip().startswith("#")]
        for case in " ".join(lines).split(" --from ")[1:]:
            options, answer = case.rsplit(" = ", 1)
            options = "--from " + " ".join(options.split())
            yield pytest.param(name, who, options, answer,
                               id=f"{name}: {options}")


def shown(target):
    opening = target["opening"]
    if target["channel"] == "page" or opening is None:
        return target["channel"]
    return f"{target['channel']} {opening['from']}"


@pytest.mark.parametrize("name, who, options, answer", cases())
def test_a_wish_is_kept(name, who, options, answer):
    done = run_usher("explain", "--preferences", EXAMPLES / f"{name}.conf",
                     "--to", who, "--json", *shlex.split(options))
    assert done.stderr == ""
    said = done.json()
    opening = said["opening"]
    got = [said["verdict"], said["rule"], said["reason"],
           opening["from"] if opening else "none",
           " + ".join(map(shown, said["to"])), str(len(said["missing"]))]
    wanted = [part.strip() for part in answer.split("|")]
    wanted = [" + ".join(t if not t.startswith("page") else "page"
                         for t in part.split(" + ")) for part in wanted]
    assert [w if w == "*" else g for g, w in zip(got, wanted)] == wanted
    assert done.code == (0 if said["verdict"] == "accept" else 1)


def test_every_example_has_its_cases():
    assert {path.stem for path in EXAMPLES.glob("*.conf")} == set(WISHES)


@pytest.mark.parametrize("name", WISHES)
def test_an_example_is_checked_and_doubted_only_on_purpose(name):
    done = run_usher("check", EXAMPLES / f"{name}.conf", "--at",
                     "2026-11-24T10:00")
    assert done.code == 0
    said = done.stdout.splitlines()
    meant = WISHES[name][1]
    assert len(said) == len(meant)
    for line, words in zip(said, meant):
        assert ": warning: " in line and words in line
    text = (EXAMPLES / f"{name}.conf").read_text(encoding="utf-8")
    assert not meant or "is\n# meant" in text or "is meant" in text


def test_all_examples_can_be_published_together(tmp_path):
    site = make_site(tmp_path, *EXAMPLES.glob("*.conf"))
    done = run_usher("publish", "-c", site)
    assert done.code == 0, done.stdout + done.stderr
    for who, _, _ in WISHES.values():
        assert who in run_usher("explain", "-c", site, "--to", who, "--from",
                                "s@pitch.example", "--json").stdout


def make_site(folder, *files):
    sources = folder / "preferences"
    sources.mkdir()
    for file in files:
        shutil.copy(file, sources)
    site = folder / "usher.conf"
    site.write_text('site = { domains = [ "example.com" ]; };\n'
                    'store = "lmdb:store";\nmode = "observe";\n')
    return site


def test_a_changed_wish_is_in_force_at_once(tmp_path):
    """The file says itself what to change; nothing is restarted."""
    site = make_site(tmp_path, EXAMPLES / "changing-wish.conf")
    source = Path(tmp_path, "preferences", "changing-wish.conf")
    ask = ["explain", "-c", site, "--to", "henrik@example.com", "--json",
           *shlex.split(STRANGER), "--subject", "scanners", "--at",
           "2026-11-24T14:00"]

    assert run_usher("publish", "-c", site).code == 0
    assert run_usher(*ask).json()["verdict"] == "accept"

    text = source.read_text(encoding="utf-8")
    changed = text.replace('then   = "accept";\n    during = "weekdays '
                           '13:00-16:00"; },', 'then   = "refuse"; },')
    assert changed != text
    source.write_text(changed, encoding="utf-8")
    assert run_usher(*ask).json()["verdict"] == "accept"

    done = run_usher("publish", "-c", site)
    assert done.code == 0 and "changed" in done.stdout
    said = run_usher(*ask).json()
    assert (said["verdict"], said["rule"]) == ("refuse", "scanners")
    assert said["opening"] is None

    # A slip of the pen leaves the last good wish in force.
    source.write_text(changed.replace('"refuse"', '"refuze"'),
                      encoding="utf-8")
    done = run_usher("publish", "-c", site)
    assert done.code == 2
    assert run_usher(*ask).json()["verdict"] == "refuse"
