"""A real Matrix server: one event whatever is sent twice, edited when it is acknowledged or over, replies in its thread."""

import httpx
import pytest

from services.adapters.sql.store import SqlStore
from services.alerts.channels.sender import Post
from services.alerts.matrix_reactions import MatrixReactions
from tests.alerting import MINUTE, breached, escalated, fulfilled
from tests.parts.sqlite import migrated_file
from tests.parts.synapse import SynapseServer
from tests.telling import teller


@pytest.fixture(scope="module")
def synapse(tmp_path_factory):
    server = SynapseServer(tmp_path_factory.mktemp("synapse"))
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
async def store(tmp_path):
    made = SqlStore(await migrated_file(tmp_path / "s.db"))
    await made.start()
    yield made
    await made.close()


def messages(synapse, room, token):
    chunk = synapse.ask("GET", f"rooms/{room}/messages?dir=f&limit=100", token)["chunk"]
    return [e for e in chunk if e["type"] == "m.room.message"]


@pytest.mark.timeout(400)
async def test_a_message_is_one_event_and_is_edited_and_replied_to(synapse, store, monkeypatch):
    token = synapse.user("stafett")
    room = synapse.ask("POST", "createRoom", token, preset="private_chat")["room_id"]
    channel = {
        "name": "room", "kind": "matrix", "url": synapse.url, "token": "STAFETT_SECRET_MATRIX", "room": room,
        "allow_private": True,
    }  # fmt: skip
    async with teller(store, channel, secrets={"MATRIX": token}, timeout=20.0) as role:
        await role.give(breached(1), breached(2))
        finish = role.incidents.finish

        async def lost(*_, **__):
            """As after kill -9: what was answered is not noted."""

        monkeypatch.setattr(role.incidents, "finish", lost)
        await role.role.fold_and_compose()
        role.at += MINUTE
        await role.role.fold_and_compose()
        await role.role.send_due(role.file.channels[0])
        monkeypatch.setattr(role.incidents, "finish", finish)
        await role.wait(MINUTE)
        (first,) = messages(synapse, room, token)
        assert first["content"]["body"].startswith("2 broken promises: follow-up")
        assert "<strong>" in first["content"]["formatted_body"]
        await role.give(escalated(1, rung=1, channel="room"))
        await role.wait(6 * MINUTE)
        reply = messages(synapse, room, token)[1]
        assert reply["content"]["m.relates_to"] == {"rel_type": "m.thread", "event_id": first["event_id"]}
        await role.give(fulfilled(1), fulfilled(2))
        await role.wait(MINUTE)
        edit = messages(synapse, room, token)[2]
        assert edit["content"]["m.relates_to"] == {"rel_type": "m.replace", "event_id": first["event_id"]}
        assert edit["content"]["m.new_content"]["body"].startswith("2 are over: follow-up")
        assert len(messages(synapse, room, token)) == 3


@pytest.mark.timeout(400)
async def test_a_room_that_it_is_not_in_is_told_and_given_up(synapse, store):
    token = synapse.user("stranger")
    channel = {
        "name": "room", "kind": "matrix", "url": synapse.url, "token": "STAFETT_SECRET_MATRIX", "room": "!no:lab.local",
        "allow_private": True,
    }  # fmt: skip
    async with teller(store, channel, secrets={"MATRIX": token}, timeout=20.0) as role:
        await role.give(breached(1))
        await role.wait(MINUTE)
    assert role.tries == [("matrix", "failed")]


@pytest.mark.timeout(400)
async def test_a_reaction_of_somebody_in_the_room_acknowledges_what_the_message_tells_of(synapse, store):
    token, elin = synapse.user("teller"), synapse.user("elin")
    room = synapse.ask("POST", "createRoom", token, preset="public_chat")["room_id"]
    synapse.ask("POST", f"join/{room}", elin)
    channel = {
        "name": "room", "kind": "matrix", "url": synapse.url, "token": "STAFETT_SECRET_MATRIX", "room": room,
        "allow_private": True, "reactions": True,
    }  # fmt: skip
    async with teller(store, channel, secrets={"MATRIX": token}, timeout=20.0) as role:
        await role.give(breached(1), breached(2))
        await role.wait(MINUTE)
        (told,) = messages(synapse, room, token)
        async with httpx.AsyncClient(timeout=20.0, trust_env=False) as client:
            reactions = MatrixReactions(
                role.file.channels[0], token, Post(client, allow_private=True),
                message_of=role.incidents.message_of, acknowledge=role.acknowledge, now=lambda: role.at,
            )  # fmt: skip
            assert await reactions.read() == 0
            relation = {"rel_type": "m.annotation", "event_id": told["event_id"], "key": "+1"}
            synapse.ask("PUT", f"rooms/{room}/send/m.reaction/one", elin, **{"m.relates_to": relation})
            assert await reactions.read() == 0, "it is not time yet"
            role.at += MINUTE
            assert await reactions.read() == 1
            role.at += MINUTE
            assert await reactions.read() == 0, "it was seen"
        assert {(i.state, i.acknowledged_by) for i in await role.open_ones()} == {
            ("acknowledged", "matrix @elin:lab.local")
        }
