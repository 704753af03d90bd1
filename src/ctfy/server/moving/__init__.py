"""Moving house: what was played on another platform becomes a competition here, and can go again.

A folder for each platform, `ctfd`, `gzctf` and `rctf`, brings `opened`, which reads its file to the
shape of `source.py`. From there on all go one way: `challenges.py` makes folders, `people.py`
accounts and teams, `play.py` what they did, `move.py` puts it together, `undo.py` takes it back.
`zips.py` and `tables.py` look at what the files hold.
"""
