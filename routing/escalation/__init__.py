"""What a broken promise leads to: somebody is told, the lead goes to somebody else, or back to marketing.

Imported by: judging.
Open first: `ladder.py`.
"""
