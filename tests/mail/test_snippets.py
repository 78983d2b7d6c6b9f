"""The recipes for Postfix say what the tests try."""

import subprocess

import postfix_lab
import support


def test_postfix_reads_the_recipe(tmp_path):
    text = (support.ROOT / "conf" / "postfix-main.cf.snippet").read_text()
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\n" + text)
    (tmp_path / "master.cf").write_text("")
    done = subprocess.run(
        ["postconf", "-c", tmp_path, "-x", "smtpd_milters",
         "smtpd_hard_error_limit", "smtpd_soft_error_limit"],
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stderr == ""
    words = " ".join(done.stdout.split())
    ours = postfix_lab.MILTER.format(action="accept", wait="5s")
    assert words.startswith("smtpd_milters = unix:opendkim/")
    assert ours in words
    assert "smtpd_hard_error_limit = 100" in words
    assert "smtpd_soft_error_limit = 100" in words
