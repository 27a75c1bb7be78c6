"""A short run of `python -m tests.chaos`; the long one is for a person with a few minutes."""

import subprocess
import sys

import pytest

from tests.parts.fleet import ROOT

SECONDS = 480


@pytest.mark.real
@pytest.mark.timeout(SECONDS + 20)
def test_nothing_promised_is_lost_or_doubled_when_everything_is_killed():
    command = [sys.executable, "-m", "tests.chaos", "--signals", "1500", "--kills", "6", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "every promise was kept" in done.stdout
