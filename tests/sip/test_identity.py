"""Who is believed: identity headers, their trust, and their removal."""

import pytest

from actor import Call
from sip_site import HOST

FRIEND = "+442071234567"
FRIENDS = f"""
rules = ( {{ name = "friends"; if = {{ from = "{FRIEND}"; }};
	then = "accept"; }} );
otherwise = "refuse";
"""
PAI = f"P-Asserted-Identity: <sip:{FRIEND}@carrier.example;user=phone>"


def ring(call, pbx):
    call.send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 486, tag="x")
    pbx.expect("ACK")
    call.final(486)
    return invite


def test_asserted_identity_of_a_trusted_trunk_admits(site, trunk, pbx):
    s = site(FRIENDS)
    for value in (PAI, f"P-Asserted-Identity: <tel:{FRIEND}>",
                  'P-Asserted-Identity: "F" <sip:friend@carrier.example>, '
                  f"<tel:{FRIEND}>",
                  f"Remote-Party-ID: <sip:{FRIEND}@x.example>;privacy=off",
                  "P-Asserted-Identity: <sip:011442071234567@x.example>",
                  "P-Asserted-Identity: <sip:02071234567;"
                  "phone-context=+44@x.example>"):
        if "phone-context" in value:
            value = value.replace("02071234567", "2071234567")
        invite = ring(Call(trunk, s.address, s.uri(), headers=[value],
                           caller="sip:someone@example.net"), pbx)
        assert value in invite.data.decode()


def test_from_is_a_claim_and_admits_nobody(site, trunk, pbx):
    s = site(FRIENDS)
    Call(trunk, s.address, s.uri()).send().final(603)
    pbx.silence()


def test_from_admits_where_the_site_says_so(site, trunk, pbx):
    s = site(FRIENDS, sip='identity = "from";')
    ring(Call(trunk, s.address, s.uri()), pbx)


@pytest.mark.parametrize("verstat,admitted", [
    ("", False), (";verstat=TN-Validation-Passed", True),
    (";verstat=TN-Validation-Passed-A", True),
    (";verstat=TN-Validation-Failed", False),
    (";verstat=No-TN-Validation", False)])
@pytest.mark.parametrize("form", ["sip:{n}@x.example{v}",
                                  "sip:{n}{v}@x.example", "tel:{n}{v}"])
def test_verstat_is_demanded(site, trunk, pbx, verstat, admitted, form):
    s = site(FRIENDS, sip='identity = "verstat";')
    uri = form.format(n=FRIEND, v=verstat)
    call = Call(trunk, s.address, s.uri(), caller="sip:a@example.net",
                headers=[f"P-Asserted-Identity: <{uri}>"])
    if admitted:
        ring(call, pbx)
    else:
        call.send().final(603)


def test_verstat_that_failed_unproves_a_plain_trunk(site, trunk):
    s = site(FRIENDS)
    Call(trunk, s.address, s.uri(), caller="sip:a@example.net",
         headers=[f"P-Asserted-Identity: <sip:{FRIEND};"
                  "verstat=TN-Validation-Failed@x.example>"]
         ).send().final(603)


def test_untrusted_trunks_assert_nothing(site, carrier, pbx):
    s = site(FRIENDS)
    Call(carrier, s.address, s.uri(), caller="sip:a@example.net",
         headers=[PAI]).send().final(603)
    pbx.silence()


def test_untrusted_identity_headers_are_taken_off(site, carrier, pbx):
    s = site()
    invite = ring(Call(
        carrier, s.address, s.uri(),
        caller=f"sip:{FRIEND};verstat=TN-Validation-Passed@x.example",
        headers=[PAI, f"Remote-Party-ID: <sip:{FRIEND}@x.example>",
                 "p-asserted-identity: <tel:+15>", "Priority: psap-callback",
                 "Resource-Priority: esnet.1", "Subject: hello",
                 "Call-Info: <https://x.example/>;purpose=icon"]), pbx)
    for name in ("P-Asserted-Identity", "Remote-Party-ID", "Priority",
                 "Resource-Priority", "Call-Info"):
        assert invite.get(name) is None
    assert "verstat=No-TN-Validation@" in invite.get("From")
    assert invite.get("Subject") == "hello"


@pytest.mark.parametrize("caller", [
    "urn:service:sales", "mailto:sales@x.example", "sip:x.example"])
def test_a_caller_without_parameters_is_left_as_it_is(site, carrier, pbx,
                                                      caller):
    s = site()
    invite = ring(Call(carrier, s.address, s.uri(), caller=caller), pbx)
    assert f"<{caller}>" in invite.get("From")


@pytest.mark.parametrize("caller", [
    f"sip:{FRIEND};;verstat=TN-Validation-Passed@x.example",
    f"sip:{FRIEND};verstat=TN-Validation-Passed;verstat=A@x.example",
    f"sip:{FRIEND}@x.example;a=;VERSTAT=TN-Validation-Passed"])
def test_what_is_said_of_a_validation_is_found_behind_nonsense(
        site, carrier, pbx, caller):
    s = site()
    invite = ring(Call(carrier, s.address, s.uri(), caller=caller), pbx)
    assert invite.get("From").lower().count("verstat=no-tn-validation") == \
        caller.lower().count("verstat=")


def test_priority_other_than_psap_callback_stays(site, carrier, pbx):
    s = site()
    invite = ring(Call(carrier, s.address, s.uri(),
                       headers=["Priority: urgent"]), pbx)
    assert invite.get("Priority") == "urgent"


def test_trusted_identity_headers_pass_untouched(site, trunk, pbx):
    s = site()
    headers = [PAI, "Priority: urgent", "Resource-Priority: wps.1",
               "Call-Info: <https://x.example/>;purpose=icon"]
    invite = ring(Call(trunk, s.address, s.uri(), headers=headers), pbx)
    for line in headers:
        assert line in invite.data.decode()


def test_privacy_hides_from_the_log_and_still_matches(site, trunk, pbx):
    s = site(FRIENDS)
    ring(Call(trunk, s.address, s.uri(),
              caller="sip:anonymous@anonymous.invalid",
              headers=[PAI, "Privacy: id"]), pbx)
    line = s.wait_decisions(1)[0]
    assert line["from"] == "anonymous"
    assert not any(FRIEND in text for text in s.lines)


def test_anonymous_callers_match_anonymous(site, trunk):
    s = site('rules = ( { name = "names only"; if = { anonymous = true; }; '
             'then = "refuse"; } );')
    Call(trunk, s.address, s.uri(),
         caller="sip:anonymous@anonymous.invalid").send().final(603)


def test_a_caller_may_be_a_host_alone(site, trunk, pbx):
    """RFC 3261 §19.1.1: the user part is optional; hosts may be short."""
    s = site('rules = ( { name = "no"; if = { anonymous = true; }; '
             'then = "refuse"; } ); otherwise = "accept";')
    for host in "h", "gateway.example.net":
        invite = ring(Call(trunk, s.address, s.uri(), caller=f"sip:{host}",
                           headers=[PAI]), pbx)
        assert invite.get("From").startswith(f"<sip:{host}>;tag=")
        Call(trunk, s.address, s.uri(), caller=f"sip:{host}"
             ).send().final(603)


def test_inside_numbers_from_outside_are_nobody(site, trunk):
    s = site('rules = ( { name = "inside"; if = { anonymous = true; }; '
             'then = "refuse"; } );', sip='extensions = [ "10*" ];')
    Call(trunk, s.address, s.uri(), caller="sip:1001@example.com",
         headers=["P-Asserted-Identity: <sip:1001@example.com>"]
         ).send().final(603)


def test_numbers_are_read_as_the_peer_writes_them(site, trunk, pbx):
    s = site(FRIENDS, peers='{ name = "e164"; from = [ "127.0.0.2" ]; '
             'trusted = true; numbers = "e164"; }')
    ring(Call(trunk, s.address, s.uri(), caller="sip:x@example.net",
              headers=["P-Asserted-Identity: <sip:442071234567@x>"]), pbx)


def test_recipient_is_found_in_every_spelling(site, trunk, pbx):
    s = site('rules = ( { name = "no"; then = "refuse"; } );',
             write={"phones": ("+14155550100", "sip:1001@example.com")})
    for user in ("+14155550100", "14155550100", "4155550100",
                 "+1-415-555-0100", "%2B14155550100",
                 "+14155550100;npdi;rn=1", "1001"):
        Call(trunk, s.address, s.uri(user)).send().final(603)
    Call(trunk, s.address, "tel:+1-415-555-0100").send().final(603)
    Call(trunk, s.address, "sip:1001@example.com").send().final(603)
    Call(trunk, s.address, s.uri("9"),
         headers=["P-Called-Party-ID: <sip:1001@example.com>"]
         ).send().final(603)
    Call(trunk, s.address, s.uri("9"), to="sip:1001@example.com"
         ).send().final(603)
    # A host that is not ours makes it somebody else.
    ring(Call(trunk, s.address, "sip:1001@other.example"), pbx)


def test_two_readings_of_a_value_are_400(site, trunk, pbx):
    s = site()
    for caller in ("sip:al%00ice@example.net", "sip:a@b@example.net"):
        Call(trunk, s.address, s.uri(), caller=caller).send().final(400)
    Call(trunk, s.address, s.uri("al%00ice")).send().final(400)
    pbx.silence()
    assert HOST
