"""The role `delivery` alone in a process, for tests that kill it: `python -m tests.parts.delivering DATABASE URL SECONDS`.

Its clock is so many seconds ahead, so that a test need not wait until the claims of one that was killed run out."""

import asyncio
import signal
import sys
from datetime import UTC, datetime, timedelta

import uvloop

from schemas.subscriptions import Subscription
from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.engine import Engines
from services.delivery.role import Delivery, Subscriber

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def deliver(database, url, ahead):
    terms = Subscription(
        name="bench", url=url, allow_private=True, events=("handovers",), secrets=("STAFETT_SECRET_X",)
    )

    async def subscribers():
        return {terms.name: Subscriber(terms, (SECRET,))}

    role = Delivery(
        SqlDeliveries(Engines(database)),
        subscribers,
        lambda: datetime.now(UTC) + ahead,
        schedule=[timedelta(seconds=1)] * 20,
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await role.run(stop)


if __name__ == "__main__":
    uvloop.run(deliver(sys.argv[1], sys.argv[2], timedelta(seconds=float(sys.argv[3]))))
