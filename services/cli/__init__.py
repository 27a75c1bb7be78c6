"""The command line: one module a command.

Imported by: nobody.
Open first: `main.py`, the table of commands.
"""
