"""One file for each kind of channel: how a message is written there, how it is sent, and what the answer means.

Imported by: acknowledging, bootstrap, forum_mail, matrix_reactions, role and schedule.
Open first: `sender.py`; `slack_webhook.py` is short.
"""
