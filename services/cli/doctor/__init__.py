"""`stafett doctor`: everything that an operator would look at, looked at: files, rights, store, log, machine, whoever is reached from here.

Imported by: main.
Open first: `command.py`.
"""
