"""What anybody could send in a world: well-formed calls, some lawful, most of them not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from choir_model.domain.identity import RecordKey
from choir_model.ledger.cells import I64_MAX, U64_MAX
from choir_model.ledger.clients import paying
from choir_model.lockstep.adversary_stories import THREADS, Builder, attack_hash
from choir_model.lockstep.cast import MIN_STAKE, Cast, initialization
from choir_model.program import calls
from choir_model.program.bindings import INSTRUCTIONS, MIN_STAKE_FLOOR, Decision
from choir_model.program.calls import Call

LOW_STAKES = (0, 1, MIN_STAKE_FLOOR - 1, MIN_STAKE_FLOOR, MIN_STAKE - 1, MIN_STAKE)
STAKES = (*LOW_STAKES, 2 * MIN_STAKE + 3, 60_000, 2**63, U64_MAX - 1, U64_MAX)
NONCES = (0, 1, 2, 2**32, U64_MAX)
SENDERS = (0, 1, 2, 3, 4, Cast.PAUPER, Cast.THIN)
NEW = (50, 51)
"""Contents nobody has submitted; the account of 50 has been given lamports."""


def catalogue(b: Builder) -> Mapping[str, tuple[Call, ...]]:
    """Every call of the catalogue by instruction, as it stands now."""
    makers = {
        "initialize": _initialize(b),
        "create_thread": _create_thread(b),
        "submit_message": _submit_message(b),
        "submit_spec": _submit_spec(b),
        "vote": _vote(b),
        "settle": (calls.settle(key, b.design) for key in _keys(b)),
        "claim": _claim(b),
    }
    assert makers.keys() == INSTRUCTIONS.keys()
    return {name: tuple(_paid_and_not(b, made)) for name, made in makers.items()}


def _paid_and_not(b: Builder, made: Iterable[Call]) -> Iterator[Call]:
    """Each call with the accounts of whom it pays, and if there are any, without them."""
    for call in made:
        paid = paying(b.reference, call, b.design, b.cast.token)
        yield paid
        if paid != call:
            yield call


def _keys(b: Builder) -> list[RecordKey]:
    """Records there are, and some that are not."""
    first = b.cast.thread(0)
    missing = [RecordKey(first, b.wallets[3], attack_hash(content)) for content in NEW]
    return [*b.keys, *missing, RecordKey(b.cast.thread(THREADS), b.wallets[1], attack_hash(1))]


def _initialize(b: Builder) -> Iterator[Call]:
    cast, setting = b.cast, b.setting
    whose = [
        (cast.authority, cast.mint, cast.reserve),
        (cast.authority, cast.mint, cast.token(b.wallets[3])),
        (b.wallets[3], cast.mint, cast.token(b.wallets[3])),
        (cast.authority, cast.spare_mint, cast.spare_reserve),
        (cast.authority, cast.spare_mint, cast.reserve),
        (cast.authority, cast.mint, cast.frozen),
        (cast.authority, cast.unfit_mint, cast.reserve),
        (b.wallets[Cast.THIN], cast.thin_mint, cast.thin_reserve),
    ]
    whose += [(b.wallets[3], *own) for own in b.attackers_mints]
    for parties in whose:
        for window, least, seats in (
            (100, 1000, 3),
            (I64_MAX, U64_MAX, 32),
            (1, MIN_STAKE_FLOOR, 1),
            (0, 1000, 3),
            (-1, 1000, 3),
            (-(2**63), 1000, 3),
            (100, MIN_STAKE_FLOOR - 1, 3),
            (100, 0, 3),
            (100, 1000, 0),
            (100, 1000, 33),
            (100, 1000, 255),
        ):
            made = replace(setting, approval_window=window, min_stake=least, max_co_authors=seats)
            yield initialization(made, *parties)


def _create_thread(b: Builder) -> Iterator[Call]:
    for sender in SENDERS:
        for nonce in NONCES:
            yield calls.create_thread(b.wallets[sender], b.cast.mint, nonce)


def _submit_message(b: Builder) -> Iterator[Call]:
    for number in range(THREADS + 1):
        thread = b.cast.thread(number)
        for sender in SENDERS:
            for content in (*NEW, 3, 9):
                wallet, hash_ = b.wallets[sender], attack_hash(content)
                yield calls.submit_message(wallet, thread, hash_, b.design)
    for key in b.keys:
        yield calls.submit_message(key.author, key.thread, key.hash, b.design)


def _submit_spec(b: Builder) -> Iterator[Call]:
    for number in range(THREADS + 1):
        thread = b.cast.thread(number)
        for sender in SENDERS:
            wallet = b.wallets[sender]
            token = b.cast.token(wallet)
            for stake in STAKES:
                content = 51 if stake % 2 else 50
                hash_ = attack_hash(content)
                yield calls.submit_spec(wallet, token, thread, hash_, stake, b.design)
        frozen = (b.wallets[1], b.cast.frozen, thread, attack_hash(51), MIN_STAKE, b.design)
        yield calls.submit_spec(*frozen)
    for key in b.keys:
        token = b.cast.token(key.author)
        yield calls.submit_spec(key.author, token, key.thread, key.hash, MIN_STAKE, b.design)


def _vote(b: Builder) -> Iterator[Call]:
    for key in _keys(b):
        for voter in (0, 1, 2, 3, 4, Cast.CRANK):
            for decision in Decision:
                yield calls.vote(b.wallets[voter], key, decision, b.design)


def _claim(b: Builder) -> Iterator[Call]:
    for key in _keys(b):
        for claimant in (0, 1, 3, 4):
            wallet = b.wallets[claimant]
            yield calls.claim(wallet, key, b.cast.token(wallet), b.design)
        yield calls.claim(b.wallets[1], key, b.cast.frozen, b.design)
