"""How the page reads a database that has grown: each question of each screen, as PostgreSQL plans it. Screens that are added are asked too."""

import pytest
from sqlalchemy import text

from tests.many_copies import Copies
from tests.many_leads import many_leads, plans, questions, scans_in, signed_in
from tests.page_walk import walk
from tests.parts.databases import migrated_database

COUNTED_WHOLE = "SELECT (SELECT count(*) FROM quarantine)"
"""What is set aside is counted whole, for the gauge that alerts look at as well; it is kept for days only."""


@pytest.mark.timeout(600)
async def test_no_question_of_any_screen_reads_through_a_table_that_grows(tmp_path, postgres):
    async with migrated_database(postgres) as url, many_leads(tmp_path, url, Copies(400, young=3), quiet=20) as api:
        engines, asked = api.parts.store.engines, []
        async with engines.read() as conn:
            last = (await conn.execute(text("SELECT last_value FROM history_id_seq"))).scalar()
            assert last == (await conn.execute(text("SELECT max(id) FROM history"))).scalar(), (
                "who writes on gets new ones"
            )
        for person in ("maja", "elin"):
            async with signed_in(api, person) as reader:
                with questions(engines) as found:
                    pages = await walk(reader)
                asked += found
                assert {page.status for page in pages} == {200}
        judged = await plans(engines, asked)
        assert len(judged) > 20
        for statement, plan in judged:
            if not statement.lstrip().startswith(COUNTED_WHOLE):
                assert scans_in(plan) == [], f"{statement}\n{plan}"
