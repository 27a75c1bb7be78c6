"""Who gets webhooks, with their secrets in hand."""

from __future__ import annotations

from schemas.subscriptions import SubscriptionsFile
from schemas.yamlfile import FileError, load, problems_of
from services.bootstrap.parts import read_file, secrets_of
from services.delivery.role import Subscriber
from services.delivery.sending import key_of
from services.ingest.proof.secret_rules import SHORTEST
from services.settings import Settings


def subscribers_of(settings: Settings) -> list[Subscriber]:
    """The subscriptions of the file; none where there is no file. Raises FileError, SettingsError."""
    path = settings.path(settings.files.subscriptions)
    if not path.exists():
        return []
    text = read_file(settings, "subscriptions")
    entries = load(text, SubscriptionsFile, str(path)).subscriptions
    found = [Subscriber(e, secrets_of(settings, e.secrets, f"subscription {e.name}")) for e in entries]
    broken = [
        (("subscriptions", number, "secrets", place), f"{subscriber.subscription.secrets[place]} {rule}")
        for number, subscriber in enumerate(found)
        for place, secret in enumerate(subscriber.secrets)
        if (rule := _rule(secret)) is not None
    ]
    if broken:
        raise FileError(problems_of(str(path), text, broken))
    return found


def _rule(secret: str) -> str | None:
    """What is wrong with a secret, without a part of it."""
    try:
        key = key_of(secret)
    except ValueError:
        return (
            "is no base64 after whsec_, so nothing can be signed; openssl rand -base64 32 makes what has to stand there"
        )
    if len(key) < SHORTEST:
        return f"has {len(key)} bytes, and at least {SHORTEST} are needed; openssl rand -base64 32 makes a good one"
    return None
