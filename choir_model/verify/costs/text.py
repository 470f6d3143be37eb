"""What the page of costs says around its tables."""

INTRODUCTION = """\
# What the ledger program costs

`python -m choir_model.verify.costs` measures the shipped program and writes this page; with
`--check` it only says what differs. It runs every instruction on LiteSVM of solders {solders}, in
every form: a vote that only records costs less than one that publishes. Keys and addresses
are seeded, so the numbers are the same on every computer.

**Every instruction stays under {bound} compute units at {seats} co-authors, in every
design{exceptions}.** Only a long search for addresses takes more: `{unlucky}` does at one
address in {chance}, see below. A transaction that asks for no limit gets {granted}, so none need
be set.

This holds for the SPL Token that this LiteSVM carries, which takes {transfer} units for a
transfer. That of solders 0.24.0 takes 4 644. With it (measured once, not compared) all of this
stays under {bound} too, but for one: `settle` that pushes to {seats} deniers takes about
198 000, and {bound} are enough for 8 of them. `create_thread` has 14 steps of its search to
spare there.
"""

UNITS = """\
## Compute units

The default design, by the number of co-authors. Each number is the largest over who acts (every
seat), the votes there are already, and whether the author of a spec has got a seat meanwhile.

{table}

Forms that only other designs have:

{others}

- *–*: cannot happen, since the only co-author's approval always decides.
- Where the author must find a seat (`submit_spec`, a vote that publishes), there are 31 co-authors
  before instead of {seats}.
- What publishes is measured at {deepest} published records, where all 31 peaks of the
  commitment are folded, {level} units each. The first `submit_message` of a thread takes {first}.
- Accounts are created at addresses whose search ends at once: see the next section. `config` and
  `treasury`, which `initialize` searches, always lie at the same addresses.
"""

SEARCHES = """\
## Searching addresses

An instruction that creates accounts searches their canonical addresses, bump by bump from 255 down.
Each step costs {step} units, and one in two ends the search. The table above is without further
steps; here are {sample} seeded addresses of each instruction, at {seats} co-authors. At each
the cost was, to the unit, that of no further step and {step} for every further one.

{table}

*Steps to spare*: how many further steps stay under {bound} units. *Over {bound}*: how many
addresses take more steps than that, if half of all bumps are good. Such a call still
succeeds: {granted} are granted. `vote`, `settle` and `claim` search nothing, the bumps are
stored.
"""

LAMPORTS = """\
## Bytes and lamports

What the sender of an instruction pays as its only signer. Neither the number of co-authors nor
the design changes it, because accounts have a fixed size; only payees (`payout` push) add
33 bytes each.

{table}

If somebody else pays the fee, their signature adds 5 000 lamports and 96 bytes. Priority fees
come on top. No account is ever closed, so rent does not come back. The rent of an account is
({overhead} + bytes) × {per_byte} lamports, as the rent sysvar of this runtime says:

{accounts}
"""

DESIGNS = """\
## Other designs

Compute units at {seats} co-authors, for each variant alone and then for named combinations. With
a sign: more or less than the default design. Without: what a form costs that the default design
does not have. *–*: the design has no such form.

{table}

These differ by at most {most} units: {still}.
The largest of all is {largest}.
"""

PUSH = """\
## How many deniers a settlement can pay

Under `rejection` at_close, `payout` push and `denial_share` deniers, `settle` pays all deniers of a
spec at once, and must name a token account of each. A transaction has at most {packet} bytes. The
fee is paid by a crank that has no other part in it.

{table}

The lookup table lists the accounts of the settlement and the token accounts of {seats} co-authors.
It is an account of {listed} bytes ({rent} lamports, which come back when it is closed).

Compute units are not the limit: {one} for one denier, about {each} for each further one;
{fitting}.

**With {more} deniers or more, a legacy transaction is too long** ({beyond} bytes with {more}), and
clusters do not pass it on. LiteSVM does not look at the length and runs it, so the bytes decide
here. What follows for a spec with that many denials, once its window is over:

- Legacy transactions cannot settle it. It stays pending and its stake stays in the stake vault: V1
  (every pending spec is decided) and V5 (every stake leaves the stake vault) fail. Under `capacity`
  reserve its seat stays reserved too.
- The program has no other way out. `settle` with fewer payees is refused with `PayeeUnavailable`,
  votes are refused with `WindowClosed`, and nothing else decides a record.
- A transaction of version 0 is the way out: anyone may fill a lookup table and send `settle` with
  it, for all {seats} deniers. Clients of this design must be able to do that, or `initialize` must
  set `max_co_authors` to {legacy} at most.
"""
