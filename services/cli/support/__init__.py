"""What commands share: the environment, files, numbers, tables, and errors in words.

Imported by: agreements, delivery, demo, doctor, explain, main, operating, setting_up, sla, up and vectors.
Open first: `environment.py`.
"""
