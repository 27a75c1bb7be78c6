"""The demo is what a new user sees first."""

import os
import subprocess
import sys
from pathlib import Path

STAGES = ("prospecting", "contact", "qualification", "hand_over", "deal", "nurturing")
POSTS = (
    "POST /v1/hooks/crm (webhook-signature): 202",
    "POST /v1/hooks/mautic (Webhook-Signature): 202",
    "POST /v1/hooks/typeform (Typeform-Signature): 202",
    "POST /v1/hooks/web (not signed): 202",
    "POST /v1/hooks/pipedrive (HTTP Basic): 202",
)
SHOWN = (
    "handover.accepted",
    "handover.followed_up",
    "handover.won",
    "johan · wrong timing",
    "karin · Chose a competitor",
    "sla.warned",
    "sla.breached",
    "karin · follow-up · escalate",
    "given to elin by rule `everybody`",
    "johan: not chosen",
    "breached; done late",
    "crm: handover.offered",
    "crm: handover.rejected",
    "ops: sla.breached",
)


def test_the_demo_shows_six_stages_several_platforms_a_breach_and_what_the_others_received(tmp_path):
    command = [sys.executable, "-m", "services.cli.main", "demo"]
    where = {"cwd": Path(__file__).parents[2], "env": os.environ | {"TMPDIR": str(tmp_path)}}
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, **where)
    assert done.returncode == 0, done.stderr[-2000:]
    for stage in STAGES:
        assert f"-> {stage}" in done.stdout or f"{stage} ->" in done.stdout, stage
    for words in (*POSTS, *SHOWN):
        assert words in done.stdout, words
    assert list(tmp_path.iterdir()) == [], "something was left behind"
