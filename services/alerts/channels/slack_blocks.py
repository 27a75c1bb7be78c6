"""A message as Slack's blocks, within Slack's bounds: 50 blocks, 3,000 characters of a section, 75 of a button's text."""

from __future__ import annotations

from schemas.json_values import JsonObject
from services.alerts.channels.sender import cut
from services.alerts.messages.building import Item, Message

MOST_SECTION, MOST_TEXT = 2900, 3000
ACTION = "acknowledge"
"""The button's own id; its value is what is acknowledged."""


def escape(text: str) -> str:
    """Slack's own three signs, so that a name can neither link nor call everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(message: Message) -> str:
    """What notifications and screen readers get."""
    return cut(escape(message.subject), MOST_TEXT)


def blocks(message: Message, *, has_button: bool) -> list[JsonObject]:
    """Subject, what is named, the rest as a count, and the button while something fires."""
    words, links = message.words, message.links
    made = [_section(f"*{cut(escape(message.subject), MOST_SECTION - 2)}*")]
    made += [_context(escape(line)) for line in message.intro]
    made += [_section(_item(message, item)) for item in message.items]
    if message.more:
        all_of_them = f" <{links.all_of_them}|{words.all_of_them}>" if links.all_of_them else ""
        made.append(_context(escape(message.more) + all_of_them))
    if message.receipt is not None and message.open_ones and message.kind == "update":
        made.append(_context(escape(words.still_open.format(n=message.open_ones))))
    if has_button and message.thread_status == "firing":
        button = {
            "type": "button",
            "action_id": ACTION,
            "text": {"type": "plain_text", "text": words.acknowledge},
            "value": message.acknowledge_id,
        }
        made += [{"type": "actions", "elements": [button]}, _context(escape(words.acknowledge_about))]
    return made


def _item(message: Message, item: Item) -> str:
    words = message.words
    lines = [f"*{escape(item.headline)}*", *(f"{escape(name)}: {escape(value)}" for name, value in item.facts)]
    links = [f"<{url}|{text}>" for url, text in ((item.explain, words.why), (item.lead, words.lead)) if url]
    return cut("\n".join(lines), MOST_SECTION - 2000 if links else MOST_SECTION) + (
        "\n" + " · ".join(links) if links else ""
    )


def _section(text: str) -> JsonObject:
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, MOST_TEXT)}}


def _context(text: str) -> JsonObject:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(text, MOST_TEXT)}]}
