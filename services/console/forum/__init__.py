"""The screen Forum: the weekly report with what is behind each figure, its downloads, and what both sides enter.

Imported by: screens.
Open first: `screen.py`.
"""
