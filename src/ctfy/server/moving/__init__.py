"""Moving house: what was played on another platform becomes a competition here, and can go again.

`ctfd_export.py` reads the file, `ctfd_challenges.py` makes folders of its challenges,
`ctfd_people.py` accounts and teams, `ctfd_play.py` what they did, `ctfd.py` puts it together.
"""
