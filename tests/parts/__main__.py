"""`python -m tests.parts kafka|postgres|tryton`: one of them for development, until ctrl-c."""

import signal
import sys

from tests.parts.kafka import KafkaBroker
from tests.parts.postgres import PostgresServer
from tests.parts.tryton import DATABASE, INTEGRATION, TrytonServer
from tests.parts.tryton_files import PEOPLE, password


def main() -> int:
    if sys.argv[1:] == ["kafka"]:
        part = KafkaBroker().start()
        print(f"Apache Kafka answers at {part.bootstrap}\n  export STAFETT_LOG_URL=kafka://{part.bootstrap}")
    elif sys.argv[1:] == ["postgres"]:
        part = PostgresServer().start()
        print(f"PostgreSQL answers\n  export STAFETT_DATABASE_URL='{part.url()}'")
    elif sys.argv[1:] == ["tryton"]:
        part = TrytonServer().start()
        print(f"Tryton answers at {part.url}, database {DATABASE}")
        print(*(f"  {login} logs in with {password(login)}" for login in (INTEGRATION, *PEOPLE)), sep="\n")
    else:
        print("say kafka, postgres or tryton", file=sys.stderr)
        return 2
    print("ctrl-c stops it and removes its data", flush=True)
    try:
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        part.close()
    return 0


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
sys.exit(main())
