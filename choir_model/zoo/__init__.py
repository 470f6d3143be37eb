"""Models that others have published with their state counts, rebuilt for this engine.

One file per protocol, meant to be read: each tells the story of its protocol, where the
model comes from, how many states it has, and what is checked.  A file has a function
``model(...)`` that builds the model for any size, and a name `MODEL` for the usual one.
"""
