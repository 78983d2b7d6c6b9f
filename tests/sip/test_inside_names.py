"""Place "pbx" with phones behind us: nobody outside wears a name of inside."""

from actor import Call
from test_phones import PHONE, register

ANONYMOUS = """
rules = ( { name = "names"; if = { anonymous = true; }; then = "refuse"; } );
"""


def test_a_bound_name_or_an_extension_from_outside_is_anonymous(
        site, speakers, trunk, pbx):
    s = site(ANONYMOUS, sip='register = "path"; extensions = [ "7*" ];')
    register(speakers(PHONE), s, pbx)
    assert s.counters()["bindings"] == 1
    for name in ("1001@example.com", "1001@127.0.0.1", "7001@example.net",
                 "1001;x=y@EXAMPLE.com"):
        Call(trunk, s.address, s.uri(), caller=f"sip:{name}").send().final(603)
        Call(trunk, s.address, s.uri(), headers=[
            f"P-Asserted-Identity: <sip:{name}>"],
            caller=f"sip:{name}").send().final(603)
    for name in ("1001@elsewhere.example", "1002@example.com"):
        call = Call(trunk, s.address, s.uri(), caller=f"sip:{name}").send()
        pbx.reply(pbx.expect("INVITE"), 486, tag="x")
        pbx.expect("ACK")
        call.final(486)
    assert {d["from"] for d in s.wait_decisions(10)} == {
        "anonymous", "sip:1001@elsewhere.example", "sip:1002@example.com"}
