"""A formal state-machine simulator of Choir's dual-state system.

Choir keeps ownership, tokens, votes and content hashes on Solana and the words
themselves in Qdrant.  This package holds the executable reference of both, the
adapters that drive the real engines, and the lockstep machines that compare them.
"""

__version__ = "0.1.0"
