"""Pictures of the page for the documentation: a month at a made-up company, lived through by `stafett demo --page`, in a real browser.
`screens` says what is shown, `small` makes files small.
"""
