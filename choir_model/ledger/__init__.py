"""The ledger reference: Choir's on-chain program as actions over the view (SPEC 2 to 4).

Read in this order: `cells` (the state), `guards` (accounts and arguments), `instructions`
(the seven instructions), `port` (the whole as a `LedgerPort`).
"""
