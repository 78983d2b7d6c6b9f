"""Fixtures of the proxy: a site, a PBX behind it, speakers before it."""

import pytest

from actor import Actor
from sip_site import CARRIER, HOST, STRANGER, TRUNK, Site


@pytest.fixture
def speakers():
    """speakers(host): a speaker there, closed at the end."""
    made = []

    def make(host, port=0):
        made.append(Actor(host, port))
        return made[-1]
    yield make
    for actor in made:
        actor.close()


@pytest.fixture
def pbx(speakers):
    return speakers(HOST)


@pytest.fixture
def trunk(speakers):
    return speakers(TRUNK)


@pytest.fixture
def carrier(speakers):
    return speakers(CARRIER)


@pytest.fixture
def stranger(speakers):
    return speakers(STRANGER)


@pytest.fixture
def site(tmp_path, pbx):
    """site(rules, ...): the proxy, started; further keywords go to Site."""
    made = []

    def make(rules='rules = ( ); otherwise = "accept";', write=None, **more):
        one = Site(tmp_path / f"site{len(made)}", pbx.port, **more)
        made.append(one)
        one.write(rules, **(write or {}))
        return one.start()
    yield make
    for one in made:
        one.stop()
