"""What the roles need of the outside, as Protocols, with the rows and errors that go over them.

The roles import it, the adapters fulfil it; it knows neither. Open `store.py` first, then `log.py`. Import from the modules.
"""
