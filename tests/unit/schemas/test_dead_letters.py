"""What the API shows of signals that were set aside."""

from typing import get_args

from schemas.http import DeadLetterView
from services.cli.main import parse


def test_the_api_shows_a_letter_in_every_state_that_the_command_line_lists():
    shown = get_args(DeadLetterView.model_fields["state"].annotation)
    assert [parse(["dlq", "list", "--state", state]).state for state in shown] == list(shown)
    assert "dropped" in shown, "`stafett dlq drop` makes one"
