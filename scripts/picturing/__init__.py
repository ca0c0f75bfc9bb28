"""Pictures of every page, to be looked through by a person. `scripts/screenshots` takes them.

A service of its own with ready plans and simulated visitors (`stage`), ways to each page
(`scenes`), a browser that takes pictures there (`camera`), and pages to look through them
(`album`).
"""
