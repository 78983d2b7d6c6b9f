"""608 and its signed card: who is refused can fetch and verify it (RFC 8688).

The card is the site's own, signed anew for whoever asks, as its `iat` must be
fresh; what the proxy owes is the URI, once, to those who understand it.
"""

import base64
import http.server
import json
import re
import subprocess
import threading
import time
import urllib.request

import pytest

from actor import Call
from sip_site import HOST
from stream_actor import client_context, server_context
from test_streams import made  # noqa: F401

REFUSE = 'rules = ( { name = "no"; then = "refuse"; } );'
SHOWS = "Feature-Caps: *;+sip.608"
JCARD = ["vcard", [["version", {}, "text", "4.0"],
                   ["fn", {}, "text", "Calls to Example"],
                   ["url", {}, "uri", "https://reach.example.com/"]]]


def coded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def decoded(text):
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *map(str, arguments)], check=True,
                          input=data, capture_output=True).stdout


def numbers_of(der):
    """ES256 wants the two numbers alone, 32 bytes each (RFC 7518 §3.4)."""
    first = 4 + der[3]
    return b"".join(part.lstrip(b"\0").rjust(32, b"\0") for part in (
        der[4:first], der[first + 2:first + 2 + der[first + 1]]))


def der_of(numbers):
    out = b""
    for part in (numbers[:32], numbers[32:]):
        part = part.lstrip(b"\0")
        if not part or part[0] & 0x80:
            part = b"\0" + part
        out += bytes([2, len(part)]) + part
    return bytes([0x30, len(out)]) + out


def sign(key, where):
    head = {"typ": "vcard+json", "alg": "ES256", "x5u": where + "cert"}
    signed = coded(json.dumps(head).encode()) + b"." + coded(json.dumps(
        {"iat": int(time.time()), "jcard": JCARD}).encode())
    return signed + b"." + coded(numbers_of(openssl(
        "dgst", "-sha256", "-sign", key, data=signed)))


def verify(card, certificate, folder):
    signed, _, signature = card.rpartition(b".")
    (folder / "cert.pem").write_bytes(certificate)
    (folder / "signature").write_bytes(der_of(decoded(signature)))
    (folder / "public.pem").write_bytes(openssl(
        "x509", "-in", folder / "cert.pem", "-pubkey", "-noout"))
    openssl("dgst", "-sha256", "-verify", folder / "public.pem", "-signature",
            folder / "signature", data=signed)
    return json.loads(decoded(signed.partition(b".")[2]))


@pytest.fixture
def cards(made):  # noqa: F811
    """Serves the card and the certificate by https; yields its URI."""
    cert, key = made["pbx"]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(cert.read_bytes() if self.path == "/cert"
                             else sign(key, self.server.where))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
    server.socket = server_context(made, "pbx").wrap_socket(
        server.socket, server_side=True)
    server.where = f"https://{HOST}:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.where
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_card_of_608_is_there_and_signed(site, trunk, made,  # noqa: F811
                                             cards, tmp_path):
    s = site(REFUSE, sip=f'refuse = 608; card = "{cards}card";')
    answer = Call(trunk, s.address, s.uri(), headers=[SHOWS]).send().final(608)
    assert answer.start == "SIP/2.0 608 Rejected"
    found = re.fullmatch("<(https:[^>]+)>;purpose=jwscard",
                         answer.get("Call-Info"))
    assert found and len(answer.all("Call-Info")) == 1

    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=client_context(made)))

    def fetch(uri):
        with opener.open(uri, timeout=20) as got:
            return got.read()
    card = fetch(found.group(1))
    head = json.loads(decoded(card.partition(b".")[0]))
    told = verify(card, fetch(head["x5u"]), tmp_path)
    assert told["jcard"] == JCARD
    with pytest.raises(subprocess.CalledProcessError):
        verify(card.replace(b".", b".A", 1), fetch(head["x5u"]), tmp_path)


def test_without_room_for_the_card_there_is_no_608(site, stranger):
    # No longer than the request: what would lack its card is a 603.
    s = site('rules = ( { name = "no"; then = "refuse"; say = "No."; } );',
             sip='refuse = 608; card = "https://c.example/%s";' % ("c" * 200))
    for body, code in (("", 603), ("v=0\r\n" * 100, 608)):
        call = Call(stranger, s.address, s.uri(), body=body,
                    headers=[SHOWS]).send()
        answer = stranger.expect(code)
        assert len(answer.data) <= len(call.data)
        assert (answer.get("Call-Info") is None) == (code == 603)
