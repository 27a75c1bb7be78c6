"""The router: the only writer of leads, clocks and ledgers. A batch of signals is one transaction."""
