"""Names that lead to TCP and TLS: their SRV records, and what a certificate
must prove of them (RFC 3263 §4.1, RFC 5922 §4)."""

import pytest

from actor import Call
from dns_server import A, SRV
from sip_site import ALICE, HOST
from stream_actor import Server, server_context
from test_names import AT, LATER, dns, ends  # noqa: F401
from test_streams import made, over, streams  # noqa: F401

NAME = "proxy.example.com"


def keys(made):  # noqa: F811
    cert, key = made["proxy"]
    return (f'certificate = "{cert}"; key = "{key}"; '
            f'ca = "{made["ca"][0]}";')


def serves(dns, service, name, port):  # noqa: F811
    dns.add(f"{service}.{name}", SRV, (1, 1, port, "host.test"))
    dns.add("host.test", A, HOST)


def is_left(server):
    """Somebody came and went without a word of SIP."""
    try:
        return server.accept().receive() is None
    except OSError:
        return True


@pytest.mark.parametrize("uri", ["sip:pbx.test;transport=tcp",
                                 "sip:pbx.test"])
def test_srv_of_tcp_is_followed(over, streams, dns, trunk, uri):  # noqa: F811
    server = streams(Server())
    serves(dns, "_sip._tcp", "pbx.test", server.port)
    s = over(hop=uri)
    call = Call(trunk, s.address, s.uri()).send()
    invite = ends(call, streams(server.accept()))
    assert invite.get("Via").startswith("SIP/2.0/TCP ")
    # who names no transport is asked about UDP first (RFC 3263 §4.1)
    assert (("_sip._udp.pbx.test", SRV) in dns.asked) == ("=" not in uri)


@pytest.mark.parametrize("certificate", ["proxy", "wrong"])
def test_a_hop_proves_the_name_that_was_asked_for(
        over, streams, made, dns, trunk, certificate):  # noqa: F811
    server = streams(Server(context=server_context(made, certificate)))
    serves(dns, "_sips._tcp", NAME, server.port)
    s = over(tls=keys(made), hop=f"sips:{NAME}")
    call = Call(trunk, s.address, s.uri()).send()
    if certificate == "wrong":
        assert is_left(server)
        call.final(503)
    else:
        invite = ends(call, streams(server.accept()))
        assert invite.uri == f"sip:{ALICE}@{HOST}:{server.port}"


@pytest.mark.parametrize("certificate", ["proxy", "wrong"])
def test_a_target_proves_its_name_too(over, streams, made, dns, trunk, pbx,
                                      certificate):  # noqa: F811
    server = streams(Server(context=server_context(made, certificate)))
    serves(dns, "_sips._tcp", NAME, server.port)
    s = over(LATER, at=AT, tls=keys(made),
             site=f'allow = [ "{NAME}" ];',
             sip=f'defer_to = "sips:{{user}}@{NAME}";')
    call = Call(trunk, s.address, s.uri()).send()
    if certificate == "wrong":
        assert is_left(server)
        call.final(503)
    else:
        invite = ends(call, streams(server.accept()))
        assert invite.uri == f"sips:{ALICE}@{NAME}"
        assert "reason=time-of-day" in invite.get("Diversion")
