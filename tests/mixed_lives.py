"""Leads as they come and go in most places: many of whom nothing follows, some who engage, fewer who are handed over, and few who buy. They come in
waves, each lived to its end before the next, since people take so many at a time."""

import asyncio
import random

WAVE = 300
"""Leads of one wave."""
AT_ONCE = 16
"""Requests under way at a time."""
PERSON = {"actor": {"kind": "person"}}
REASONS = ("wrong timing", "no time", "wrong contact")
CRITERION = {"reason": "not qualified", "criterion": "budget"}


async def tell_waves(api, count, seed=7):
    """So many waves, one after the other; of the last some stay as they are on their way."""
    rng, turn = random.Random(seed), asyncio.Semaphore(AT_ONCE)
    for wave in range(count):
        lives = [list(_life(rng, f"w{wave}x{number}")) for number in range(WAVE)]
        while any(lives):
            await asyncio.gather(*(_tell(api, life.pop(0), turn) for life in lives if life))
            await api.settled()
            if wave == count - 1:
                lives = [life for life in lives if rng.random() < 0.7]


async def _tell(api, post, turn):
    kind, fields = post
    async with turn:
        await (api.form(**fields) if kind == "form" else api.fact(**fields))


def _life(rng, name):
    """What is posted about one lead, in order."""
    email, steps = f"{name}@firma-{name}.example", 0

    def fact(fact, **more):
        nonlocal steps
        steps += 1
        return "fact", {"fact": fact, "email": email, "id": f"{name}-{steps}", **more}

    who = {"email": email, "name": f"Vera {name.title()}", "company": f"Firma {name}", "country": "SE"}
    way = rng.choices(("listed", "letter", "newsletter", "asks"), (15, 35, 20, 30))[0]
    if way == "listed":
        yield fact("prospect.listed", person={"full_name": who["name"]}, company={"name": who["company"]})
        return
    if way == "letter":
        for _ in range(rng.randint(1, 6)):
            yield fact(rng.choice(("email.opened", "email.clicked", "page.visited")), campaign="autumn")
        return
    form = "newsletter" if way == "newsletter" else rng.choice(("demo", "pricing", "contact-sales"))
    yield "form", {**who, "form_id": form, "message": "Our forms end up in a spreadsheet, and nobody calls them."}
    yield fact("contact.updated", company={"industry": "software", "employees": rng.randint(5, 900)})
    if way == "asks":
        yield from _sell(rng, fact)


def _sell(rng, fact):
    """From the offer to the end."""
    if rng.random() < 0.3:
        yield fact("rejected", **(CRITERION if rng.random() < 0.3 else {"reason": rng.choice(REASONS)}))
        return
    yield fact("accepted")
    yield fact("follow_up", activity_type="call", **PERSON)
    if rng.random() < 0.6:
        yield fact("sales.meeting_booked", **PERSON)
    yield fact("note.added", fields={"note": "Wants to see it with their own forms, and asks what it costs."}, **PERSON)
    if rng.random() < 0.35:
        yield fact("won", amount=rng.randint(10, 250) * 1000, currency="SEK")
    else:
        yield fact("lost", reason=rng.choice(REASONS))
