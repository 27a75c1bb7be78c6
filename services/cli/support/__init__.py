"""What commands share: the environment, files, numbers, tables, and errors in words.

Imported by: the commands.
Open first: `environment.py`.
"""
