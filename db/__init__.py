"""The only place that speaks SQL.

Other rooms hold a `Database`, open a `transaction()` or a `reading()`, and call the functions of the module named for
the thing they want (`reports`, `calls`, `entries`, `dispatches`, `envelopes` ...). Those functions never commit: the
one who opened the transaction does, once, so that a status and the envelope it owes are saved together or not at all.

What happened inside a transaction is told to the world by the journal (`journal.py`): live events and audit rows take
their numbers from one head row that is locked as the *last* thing before the commit, so numbers become visible in
commit order and without gaps (a sequence does not give that: a reader asking for `seq > last` misses rows).
"""
