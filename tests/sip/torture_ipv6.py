"""Messages that make the points of RFC 5118, IPv6 in SIP, and what becomes of
each: as torture.py, with the sections of that RFC for names.
"""

from torture import SDP, ask, options, register

SDP6 = (b"v=0\r\no=ann 971731711378798081 0 IN IP6 2001:db8::20\r\ns=-\r\n"
        b"c=IN IP6 2001:db8::20\r\nt=3338481189 3370017201\r\n"
        b"m=audio 6000 RTP/AVP 2\r\na=rtpmap:2 G726-32/8000/1\r\n")
BOTH = SDP.replace(b"m=", b"m=audio 6000 RTP/AVP 0\r\nc=IN IP6 2001:db8::9\r\n"
                   b"m=")
MAPPED = SDP6.replace(b"2001:db8::20", b"::ffff:192.0.2.2")


def via(name, more=""):
    return f"SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK{name}{more};rport"


def reference(name, uri):
    return register(name, "<sip:caller@[2001:db8::1]>", uri=uri, Via=via(name),
                    Call_ID=f"{name}.1@[2001:db8::9:1]",
                    To="sip:user@example.com")


def bye(name, received):
    return ask(name, "BYE", "sip:[2001:db8::10]", To="<sip:user@example.com>;"
               "tag=bd76ya", Via=via(name, f";received={received}"))


MESSAGES = {
    # A reference in brackets is a host, one without is none.
    "4.1 reference": reference("v41", "sip:[2001:db8::10]"),
    "4.2 no brackets": reference("v42", "sip:2001:db8::10"),
    # A port stands behind the brackets; within them it is no port.
    "4.3 port within": reference("v43", "sip:[2001:db8::10:5070]"),
    "4.4 port behind": reference("v44", "sip:[2001:db8::10]:5070"),
    # Both forms of received are read, and ours stands in its place.
    "4.5 received": bye("v45a", "2001:db8::9:255"),
    "4.5 received in brackets": bye("v45b", "[2001:db8::9:255]"),
    "4.6 session": ask("v46", uri="sip:user@[2001:db8::10]", body=SDP6,
                       Contact="<sip:caller@[2001:db8::20]>", Via=via("v46")),
    "4.7 many addresses": ask(
        "v47", uri="sip:user@[2001:db8::10]", body=SDP6, Via=(
            via("v47"), "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKv47b",
            "SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bKv47c;"
            "received=2001:db8::9:254"),
        Contact="<sip:caller@[2001:db8::9:1]>"),
    "4.8 both in a session": ask("v48", uri="sip:user@[2001:db8::10]",
                                 body=BOTH, Via=via("v48")),
    "4.9 mapped": ask(
        "v49", body=MAPPED, Via="SIP/2.0/UDP [::ffff:192.0.2.10]:19823;"
        "branch=z9hG4bKv49;rport",
        Contact='"T. desk" <sip:caller@[::ffff:192.0.2.10]:19823>'),
    # The grammar of RFC 3261 let three colons stand: read, never written.
    "4.10 three colons": options("v410", uri="sip:user@[2001:db8:::192.0.2.1]",
                                 Via=via("v410")),
    # Beyond the RFC: what two readers could read as two hosts.
    "open bracket": ask("v6a", uri="sip:user@[2001:db8::10", Via=via("v6a")),
    "two brackets": ask("v6b", uri="sip:user@[[::1]]", Via=via("v6b")),
    "zone": ask("v6c", uri="sip:user@[fe80::1%25eth0]", Via=via("v6c")),
    "empty": ask("v6d", uri="sip:user@[]", Via=via("v6d")),
    "words behind": ask("v6e", uri="sip:user@[2001:db8::10]x", Via=via("v6e")),
    "Via open": ask("v6f", Via="SIP/2.0/UDP [2001:db8::1;branch=z9hG4bKv6f"),
    "Via bare": ask("v6g", Via="SIP/2.0/UDP 2001:db8::1;branch=z9hG4bKv6g"),
}

OUTCOMES = dict.fromkeys(MESSAGES, 400)
OUTCOMES.update({name: "forwarded" for name in MESSAGES
                 if name[:3] in ("4.1", "4.3", "4.4", "4.5", "4.6", "4.7",
                                 "4.8", "4.9")})
OUTCOMES["4.10 three colons"] = "answered"
