"""The keys of sealed events, for who may open them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Sequence

from schemas.persons import TopicKey
from services.ports.sealing import PersonKey, PersonKeys
from services.sealing.events import key_name


async def find_keys(keys: PersonKeys, names: Sequence[str], brands: Collection[str] | None = None) -> list[TopicKey]:
    """Of each name, in that order. A lead of another brand than these is as unknown as one that there is not. Raises StoreUnavailable."""
    leads = {name: name.rpartition(".")[0] if name.isprintable() else "" for name in names}
    found = await keys.keys_of(sorted(set(leads.values())))
    return [_answer_for(name, leads[name], found.get(leads[name]), brands) for name in names]


def _answer_for(name: str, lead: str, key: PersonKey | None, brands: Collection[str] | None) -> TopicKey:
    if key is None or (brands is not None and key.brand not in brands):
        return TopicKey(key=name, reason="unknown")
    if key.secret is None:
        return TopicKey(key=name, reason="erased")
    if key_name(lead, key.secret) != name:
        return TopicKey(key=name, reason="unknown")
    return TopicKey(key=name, secret=b64encode(key.secret).decode())
