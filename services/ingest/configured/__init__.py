"""What a source's own configuration says of its bodies: its mapping, its boxes, its sales words, what it may say.

Imported by: app, bootstrap, cli, fetching, proof and reread.
Open first: `mapped.py`.
"""
