"""`python -m tests.parts kafka|postgres`: one of them for development, until ctrl-c."""

import signal
import sys

from tests.parts.kafka import KafkaBroker
from tests.parts.postgres import PostgresServer


def main() -> int:
    if sys.argv[1:] == ["kafka"]:
        part = KafkaBroker().start()
        print(f"Apache Kafka answers at {part.bootstrap}\n  export STAFETT_LOG_URL=kafka://{part.bootstrap}")
    elif sys.argv[1:] == ["postgres"]:
        part = PostgresServer().start()
        print(f"PostgreSQL answers\n  export STAFETT_DATABASE_URL='{part.url()}'")
    else:
        print("say kafka or postgres", file=sys.stderr)
        return 2
    print("ctrl-c stops it and removes its data", flush=True)
    try:
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        part.close()
    return 0


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
sys.exit(main())
