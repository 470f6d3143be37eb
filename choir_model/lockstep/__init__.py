"""Lockstep: the same generated commands on the reference and on the real thing, compared.

Each suite is a function over an adapter factory, so another adapter is tested in three
lines.
"""
