"""Many accounts at once, from a CSV file: read, compared with what is there, then made by a task.

`file.py` makes rows of the bytes, `plan.py` says what becomes of each, `service.py` keeps them and
`apply.py` makes the accounts and teams.
"""
