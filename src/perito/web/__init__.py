"""The review workbench: people label safely, blindly, and every label is evidence.

A local web application over one SQLite file in the case. What people decide is kept as events that are only
added, and sealed into the case as rows of `assignments` and `labels`.
"""
