"""The demo is what a new user sees first."""

import subprocess
import sys
from pathlib import Path

STAGES = ("prospecting", "contact", "qualification", "hand_over", "deal", "nurturing")


def test_the_demo_shows_six_stages_a_breach_and_what_the_others_received(tmp_path):
    command = [sys.executable, "-m", "services.cli.main", "demo"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-2000:]
    for stage in STAGES:
        assert f"-> {stage}" in done.stdout or f"{stage} ->" in done.stdout, stage
    for said in (
        "handover.accepted",
        "handover.rejected",
        "sla.warned",
        "sla.breached",
        "sla.escalated",
        "crm: handover.",
    ):
        assert said in done.stdout, said
