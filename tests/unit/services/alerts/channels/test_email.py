"""Mail as it is written: headers by which it threads, no robot answers it, and nothing breaks out of it."""

import pytest

from services.alerts.channels.email import _meaning, compose_mail
from services.alerts.messages.building import About
from tests.alerting import breached
from tests.unit.services.alerts.messages.test_building import message


def mail(**more):
    return compose_mail(message(breached(1), **more), "stafett@example.com", ["elin@example.com"])


def test_headers_say_who_it_is_from_what_it_is_about_and_that_nobody_wrote_it():
    made = mail()
    assert made["From"] == "Stafett <stafett@example.com>" and made["To"] == "elin@example.com"
    assert (made["Message-ID"], made["References"]) == ("<ntf_1@example.com>", "<t@example.com>")
    assert made["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in made.iter_parts()] == ["text/plain", "text/html"]


def test_a_long_subject_is_cut_and_a_name_with_line_breaks_breaks_nothing():
    made = mail(about={"lead_1": About("Anna\r\nBcc: x@example.com " + "é" * 500, None)})
    assert len(made["Subject"]) == 200 and "Bcc" not in made.keys()  # noqa: SIM118 - a mail has keys twice
    assert b"\nBcc:" not in made.as_bytes().replace(b"\r\n", b"\n").split(b"\n\n")[0]


def test_the_page_shows_a_name_as_text_and_links_what_there_is():
    page = mail(about={"lead_1": About("<b>&", None)}).get_body(("html",)).get_content()
    assert "&lt;b&gt;&amp;" in page and 'href="https://x/ack"' in page
    assert "href" not in mail(links=message(breached(1)).links._replace(lead=None, explain=None, acknowledge=None, all_of_them=None)).get_body(("html",)).get_content()  # fmt: skip


@pytest.mark.parametrize(
    ("code", "state"), [(421, "later"), (450, "later"), (535, "later"), (550, "refused"), (552, "refused")]
)
def test_what_passes_is_tried_again_and_a_login_is_somebodys_to_mend(code, state):
    assert _meaning(code) == (state, f"SMTP {code}", None, None)
