"""The ledger reference: Choir's on-chain program as actions over the view (SPEC 2 to 4, 9).

Read in this order: `cells` (the state), `guards` (accounts and arguments), `electorates`,
`stakes` and `payees` (what the design decides), `decisions` (what they come to),
`instructions` (the seven instructions), `port` (the whole as a `LedgerPort`).
"""
