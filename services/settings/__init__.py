"""The settings: one frozen, typed tree read from the environment once at start. No other module reads the environment.

A variable is `STAFETT_` and the path of the field: `settings.kafka.username` is `STAFETT_KAFKA_USERNAME`. Every variable
may also name a file that holds the value, `STAFETT_KAFKA_PASSWORD_FILE`, which is read at start, without its last newline.

Imported by: adapters, bootstrap, cli and kafka_admin.
Open first: `tree.py`.
"""

from services.settings.describe import Described, describe
from services.settings.dotenv import Mark, mark_of, with_fresh_secrets
from services.settings.reading import SettingsError, deployment_key, load
from services.settings.tree import DeliverySettings, HttpSettings, KafkaSettings, Settings
from services.settings.urls import LogTarget, SecurityProtocol
from services.settings.values import LOOPBACK

__all__ = [
    "LOOPBACK",
    "DeliverySettings",
    "Described",
    "HttpSettings",
    "KafkaSettings",
    "LogTarget",
    "Mark",
    "SecurityProtocol",
    "Settings",
    "SettingsError",
    "deployment_key",
    "describe",
    "load",
    "mark_of",
    "with_fresh_secrets",
]
