"""The settings: read, refused, printed."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest

from services.settings import Settings, SettingsError, deployment_key, describe, load, tree
from services.settings.tree import leaves

KAFKA = {"DATABASE_URL": "postgresql://u:secret-pw@h/d", "LOG_URL": "kafka://one,two:9093"}
OIDC = {
    "OIDC_ISSUER": "https://id.example.com",
    "OIDC_CLIENT_ID": "stafett",
    "OIDC_CLIENT_SECRET": "s",
    "HTTP_PUBLIC_URL": "https://leads.example.com",
}
SASL = {**KAFKA, "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "PLAIN"}


def read(**given):
    return load({f"STAFETT_{name}": str(value) for name, value in given.items()})


def test_nothing_set_is_one_file_and_an_embedded_log():
    settings = read()
    assert settings.database_url == "sqlite+aiosqlite:///./stafett.db"
    assert settings.log.kind == "embedded"
    assert settings.topic("signals") == "stafett.signals.v1"


def test_the_tree_is_read_by_path_and_frozen():
    settings = read(**KAFKA, ROUTER_BATCH_MAX=7, KAFKA_RETENTION="1d12h", HTTP_TRUSTED_PROXIES="10.0.0.0/8, ::1/128")
    assert settings.log.brokers == ("one:9092", "two:9093")
    assert settings.router.batch_max == 7
    assert settings.kafka.retention == timedelta(hours=36)
    assert [str(network) for network in settings.http.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    with pytest.raises(ValueError, match="frozen"):
        settings.router.batch_max = 8


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("sqlite:///./a.db", "sqlite+aiosqlite:///./a.db"),
        ("postgres://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgresql://u:p@a,b:5433/d", "postgresql+asyncpg://u:p@/d?host=a:5432&host=b:5433"),
        ("postgresql://a,b/d?sslmode=require", "postgresql+asyncpg:///d?sslmode=require&host=a:5432&host=b:5432"),
    ],
)
def test_database_urls_are_normalised(given, read_as):
    assert read(DATABASE_URL=given).database_url == read_as


@pytest.mark.parametrize("hosts", ["[::1],b", "a,", "a:x,b"])
def test_several_servers_are_named_each_by_name_or_ipv4_address(hosts):
    with pytest.raises(SettingsError, match="several servers"):
        read(DATABASE_URL=f"postgresql://u@{hosts}/d")


def test_any_setting_may_come_from_a_file_without_its_last_newline(tmp_path):
    (tmp_path / "pw").write_text("s3cret \n")
    settings = read(**SASL, KAFKA_USERNAME="u", KAFKA_PASSWORD_FILE=tmp_path / "pw", SECRET_HUB_FILE=tmp_path / "pw")
    assert settings.kafka.password.get_secret_value() == "s3cret "
    assert settings.secrets["HUB"].get_secret_value() == "s3cret "


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"DATABSE_URL": "x"}, "did you mean STAFETT_DATABASE_URL"),
        ({**OIDC, "HTTP_PUBLIC_URL": ""}, "STAFETT_HTTP_PUBLIC_URL: people sign in, so it has to be the https:// URL"),
        ({**OIDC, "HTTP_PUBLIC_URL": "http://leads.example.com"}, "STAFETT_HTTP_PUBLIC_URL: people sign in"),
        ({**OIDC, "HTTP_PUBLIC_URL": "https://example.com/leads"}, "at the beginning of a host"),
        ({**OIDC, "OIDC_ISSUER": "http://id.example.com"}, "STAFETT_OIDC_ISSUER: is no https:// URL"),
        ({**OIDC, "OIDC_ISSUER": ""}, "STAFETT_OIDC_ISSUER: is not set"),
        ({**OIDC, "OIDC_CLIENT_SECRET": ""}, "STAFETT_OIDC_CLIENT_SECRET_FILE"),
        ({**OIDC, "OIDC_SCOPE": "email"}, "STAFETT_OIDC_SCOPE: `openid`"),
        ({**OIDC, "OIDC_CLOCK_SKEW": "6m"}, "STAFETT_OIDC_CLOCK_SKEW: "),
        ({"SESSION_IDLE": "8d"}, "STAFETT_SESSION_IDLE: is longer than"),
        ({"DATABASE_URL": "mysql://h/d"}, "STAFETT_DATABASE_URL: unknown scheme 'mysql'"),
        ({"DATABASE_URL": "sqlite://"}, "three slashes"),
        ({"DATABASE_URL": "postgresql://h/d?sslmode=prefer&sslcert=c.pem"}, "sslcert is shown over TLS only"),
        ({"DATABASE_URL": "postgresql://h/d?sslmode=require&sslkey=k.pem"}, "sslcert names none"),
        ({"DELIVERY_CONNECT_TIMEOUT": "20s"}, "longer than the whole attempt"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, "survive a restart"),
        ({"LOG_URL": "redis://h"}, "STAFETT_LOG_URL: unknown scheme 'redis'"),
        ({**KAFKA, "LOG_URL": "kafka://u:p@h"}, "STAFETT_KAFKA_USERNAME"),
        ({**KAFKA, "LOG_URL": "kafka://a,,b"}, "no broker"),
        ({"LOG_URL": "kafka://h"}, "SQLite is one file"),
        ({**KAFKA, "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "STAFETT_KAFKA_SASL_MECHANISM: is needed"),
        (SASL, "STAFETT_KAFKA_USERNAME: PLAIN needs it"),
        ({**KAFKA, "KAFKA_USERNAME": "u"}, "SASL is not spoken over PLAINTEXT"),
        ({**KAFKA, "LOG_URL": "kafka+ssl://h", "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, "remove one of them"),
        ({**KAFKA, "LOG_URL": "kafka+ssl://h", "KAFKA_CA_FILE": "/no/ca.pem"}, "there is no file /no/ca.pem"),
        ({**KAFKA, "LOG_URL": "kafka+ssl://h", "KAFKA_CERT_FILE": "/c"}, "a certificate needs its key"),
        ({**KAFKA, "KAFKA_CA_FILE": "/no/ca.pem"}, "no TLS over PLAINTEXT"),
        ({**SASL, "KAFKA_SASL_MECHANISM": "OAUTHBEARER"}, "needs either it or STAFETT_KAFKA_OAUTH_TOKEN_PATH"),
        (
            {**SASL, "KAFKA_SASL_MECHANISM": "OAUTHBEARER", "KAFKA_OAUTH_TOKEN_URL": "http://idp.example.com/t"},
            "travel in clear",
        ),
        ({**KAFKA, "KAFKA_REPLICATION_FACTOR": "1"}, "can never be in sync"),
        ({"ROUTER_INBOX_RETENTION": "1d"}, "shorter than the log keeps"),
        ({"ROUTER_BATCH_WAIT": "30"}, "a number with a unit"),
        ({"DEPLOYMENT_KEY": "short"}, "at least 32 bytes"),
        ({"DEPLOYMENT_KEY_FILE": "/no/key"}, "STAFETT_DEPLOYMENT_KEY_FILE: cannot read /no/key"),
        ({"DEPLOYMENT_KEY": "k" * 32, "DEPLOYMENT_KEY_FILE": "/no/key"}, "is given twice"),
    ],
)
def test_what_makes_no_sense_is_refused_with_field_rule_and_fix(given, said):
    with pytest.raises(SettingsError) as caught:
        read(**given)
    assert said in str(caught.value)
    assert str(caught.value).startswith("STAFETT_")


def test_all_problems_are_said_at_once():
    with pytest.raises(SettingsError) as caught:
        read(HTTP_PORT="x", ROUTER_BATCH_MAX="0")
    assert len(caught.value.problems) == 2


def test_a_refused_secret_is_not_repeated():
    with pytest.raises(SettingsError) as caught:
        read(DEPLOYMENT_KEY="hunter2")
    assert "hunter2" not in str(caught.value)


def test_what_kubernetes_puts_into_the_environment_is_no_setting():
    read(SERVICE_HOST="10.0.0.1", PORT="tcp://10.0.0.1:80", PORT_80_TCP="tcp://10.0.0.1:80", SERVICE_PORT_HTTP="80")


@pytest.mark.parametrize(
    "text", ["ab" * 32, "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", "a text of at least thirty-two bytes"]
)
def test_the_key_may_be_hex_base64_or_text(text):
    key = deployment_key(read(DEPLOYMENT_KEY=text))
    assert len(key) >= 32
    assert key == (text.encode() if " " in text else b"\xab" * 32)


def test_a_missing_key_is_said_with_what_to_do():
    with pytest.raises(SettingsError, match="openssl rand"):
        deployment_key(read())


def test_described_with_source_and_meaning_and_without_secrets():
    settings = read(**SASL, KAFKA_USERNAME="u", KAFKA_PASSWORD="pw-7", DEPLOYMENT_KEY="k" * 40, SECRET_HUB="hub-9")
    rows = {row.name: row for row in describe(settings)}
    shown = "\n".join(map(str, rows.values())) + repr(settings)
    assert not [secret for secret in ("secret-pw", "pw-7", "kkkk", "hub-9") if secret in shown]
    assert rows["STAFETT_DATABASE_URL"].value == "postgresql+asyncpg://u:***@h/d"
    assert rows["STAFETT_KAFKA_PASSWORD"][1:3] == ("***", "environment")
    assert rows["STAFETT_ROUTER_BATCH_WAIT"][1:3] == ("30ms", "default")
    assert rows["STAFETT_SECRET_HUB"].value == "***"


def reads(tree):
    """(what it is read from, name) of every attribute that this module reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            yield (owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")).lstrip("_"), node.attr
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "read_file":
            yield "files", node.args[1].value


def test_every_setting_is_read_somewhere():
    """To check a setting and to print it is not to use it."""
    services = Path(tree.__file__).parents[1]
    modules = set(services.rglob("*.py")) - {services / "settings" / name for name in ("rules.py", "describe.py")}
    found = {read for path in modules for read in reads(ast.parse(path.read_text()))}
    unread = []
    for path in leaves():
        owners = {"settings", path[0]} if len(path) > 1 else {"settings", "self"}
        if not any((owner, path[-1]) in found for owner in owners):
            unread.append(".".join(path))
    assert unread == []


def test_every_setting_tells_its_meaning_and_what_is_shown_can_be_read_back():
    assert [path for path, field in leaves().items() if not field.description] == []
    defaults = {row.name: row.value for row in describe(read()) if row.value}
    assert load(defaults).model_dump() == Settings().model_dump()
