"""The milter dies under a real Sendmail: as under Postfix."""

import pytest

import mail_site
from test_chaos import test_a_dying_milter_loses_and_doubles_nothing, town

__all__ = ["test_a_dying_milter_loses_and_doubles_nothing", "town"]


@pytest.fixture
def postfix(sendmail):
    return sendmail


@pytest.fixture
def site(sendmail, tmp_path):
    here = mail_site.Site(tmp_path, sendmail.sockets / "milter.sock")
    here.configure()
    yield here
    here.stop()
