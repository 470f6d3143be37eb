"""Protocols: sagas across ledger and content store, sans-IO (SPEC 6).

A saga is a value.  `command` says what it wants done next, `react` takes the answer and
gives the saga that follows; who performs commands, and what may go wrong in between, is
somebody else's business.
"""
