"""Two ledgers in lockstep: every command on both, everything compared after each.

Commands are values, so that a failing sequence can be written to a file and replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from choir_model.domain.identity import Address
from choir_model.ledger.conservation import Audit, Imbalance, audit
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import Setting, Unprepared, World
from choir_model.lockstep.compare import Coverage, Disagreement, Violation, agree
from choir_model.ports.ledger import (
    AccountImage,
    Confirmed,
    LedgerPort,
    Outcome,
    Purse,
    Rejected,
    Unknown,
    UnregisteredRefusal,
)
from choir_model.program import addresses
from choir_model.program.bindings import (
    ApprovalReceived,
    MessagePublished,
    ShareClaimed,
    SpecSubmitted,
    StakeSettled,
)
from choir_model.program.calls import Call


@dataclass(frozen=True, slots=True)
class Execute:
    """One transaction.  `stale`: under an expired blockhash."""

    call: Call
    payer: Address
    stale: bool = False

    def __str__(self) -> str:
        return f"{'stale ' if self.stale else ''}{self.call.name}"


@dataclass(frozen=True, slots=True)
class Resend:
    """The last transaction once more."""

    def __str__(self) -> str:
        return "resend"


@dataclass(frozen=True, slots=True)
class Advance:
    """Time passes: slots, seconds."""

    slots: int
    seconds: int

    def __str__(self) -> str:
        return f"advance {self.seconds} s"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Save both ledgers, or (`back`) restore both to what was saved last."""

    back: bool

    def __str__(self) -> str:
        return "restore" if self.back else "save"


@dataclass(frozen=True, slots=True)
class Begin:
    """Both ledgers at the first moment of a setting: the first command of a sequence."""

    setting: Setting

    def __str__(self) -> str:
        return f"begin: {self.setting.name}"


@dataclass(frozen=True, slots=True)
class Fund:
    """Anyone sends lamports to an address, more than any rent."""

    address: Address

    def __str__(self) -> str:
        return "fund"


@dataclass(frozen=True, slots=True)
class Nonce:
    """A wallet becomes an account with data, as a nonce is; it can still sign."""

    wallet: Address

    def __str__(self) -> str:
        return "nonce"


Command: TypeAlias = Begin | Execute | Resend | Advance | Checkpoint | Fund | Nonce


Images: TypeAlias = tuple[AccountImage | None, AccountImage | None]
"""An account on the reference and on the real ledger."""

PROGRAMS = {addresses.PROGRAM, addresses.TOKEN, addresses.SYSTEM}
"""Their accounts hold code and are nobody's state."""


def lying(image: AccountImage | None) -> tuple[Address, bytes] | None:
    """What can be compared of an account: owner and data; lamports are foreign (L3)."""
    if image is None or (image.owner == addresses.SYSTEM and not image.data):
        return None
    return image.owner, image.data


def said(outcome: Outcome) -> tuple[str, Any]:
    """What can be compared of an outcome: events, or the reason of a refusal."""
    if isinstance(outcome, Confirmed):
        return "Confirmed", outcome.events
    if isinstance(outcome, Rejected):
        return "Rejected", outcome.reason
    return "Unknown", None


def situations(events: tuple[Any, ...]) -> list[str]:
    """What is worth counting about one instruction's events besides that they occurred."""
    found = [situation for event in events for situation in _situations_of(event)]
    kinds = [type(event) for event in events]
    if kinds == [ApprovalReceived, MessagePublished, StakeSettled]:
        found.append("author seated meanwhile")
    return found


def _situations_of(event: Any) -> Iterator[str]:
    match event:
        case SpecSubmitted():
            yield f"electorate of {event.electorate_size}"
        case ShareClaimed():
            yield "refund claimed" if event.beneficiary == event.author else "share claimed"
        case StakeSettled(share=share) if share:
            parts = event.to_payees + event.to_escrow
            where = "sent" if event.to_payees else "kept in escrow"
            yield f"{'several shares' if parts > share else 'one share'} {where}"
            if event.to_treasury:
                yield "remainder to the treasury"


class LedgerPair:
    """A reference and a real ledger holding the same cast, driven by the same commands."""

    def __init__(
        self, reference: ReferenceLedger, real: LedgerPort, cast: World, coverage: Coverage
    ) -> None:
        self.reference = reference
        self.real = real
        self.cast = cast
        self.coverage = coverage
        self.genesis: dict[Setting, tuple[object, object]] = {}
        self._blank = (reference.save(), real.save())
        self.commands: list[Command] = []
        self._saved: tuple[object, object] | None = None
        self._known: set[Address] = set()
        self._watched: list[Address] = []
        self._agreed: dict[Address, Images] = {}

    def _begin(self, setting: Setting) -> None:
        if setting not in self.genesis:
            self._restore(self._blank)
            for ledger in (self.reference, self.real):
                ledger.advance(0, max(0, setting.start - ledger.clock().unix_timestamp))
            self.cast.prepare(self.reference, setting)
            try:
                self.cast.prepare(self.real, setting)
            except (Unprepared, UnregisteredRefusal) as refused:
                raise Disagreement("begin", "preparation", "Confirmed", str(refused)) from None
            self.genesis[setting] = (self.reference.save(), self.real.save())
        self._restore(self.genesis[setting])
        self._saved = None
        self._known = set()
        self._watch([addresses.config(), addresses.treasury(), *self.cast.accounts()])
        self.coverage.examples += 1
        self.compare_accounts("begin")

    def apply(self, command: Command) -> Outcome | None:
        """Run one command on both and compare outcomes and accounts.

        Raises `Disagreement` at the first difference.
        """
        if isinstance(command, Begin):
            self.commands = [command]
            self._begin(command.setting)
            return None
        self.commands.append(command)
        self.coverage.steps += 1
        outcome = None
        match command:
            case Execute(call, payer, stale):
                self.coverage.commands[call.name] += 1
                self._watch(m.address for m in call.accounts)
                outcome = self._execute(command, call, payer, stale)
            case Resend():
                if not self._just_sent():
                    return None
                self.coverage.commands["resend"] += 1
                sent = self.reference.resend(), self.real.resend()
                outcome = self._both(command, "resend", *sent)
            case Advance(slots, seconds):
                self.coverage.commands["advance"] += 1
                self.reference.advance(slots, seconds)
                self.real.advance(slots, seconds)
                times = [p.clock().unix_timestamp for p in (self.reference, self.real)]
                agree(command, "clock", *times)
            case Checkpoint(back):
                self._checkpoint(back)
            case Fund() | Nonce():
                self._furnish(command)
        self.compare_accounts(command)
        return outcome

    def read(self, address: Address) -> AccountImage | None:
        """An account as both ledgers show it; compared like any other observation."""
        self._watch([address])
        expected, found = self.reference.account(address), self.real.account(address)
        if not self._same(address, (expected, found)):
            agree(f"read {self.name(address)}", "account", lying(expected), lying(found))
        return expected

    def _execute(self, command: Command, call: Call, payer: Address, stale: bool) -> Outcome:
        reference, real = (
            ledger.execute_stale if stale else ledger.execute
            for ledger in (self.reference, self.real)
        )
        expected = reference(call, payer)
        try:
            found = real(call, payer)
        except UnregisteredRefusal as refusal:
            raise Disagreement(command, "outcome", said(expected), str(refusal)) from None
        return self._both(command, call.name, expected, found)

    def _both(self, command: Command, name: str, reference: Outcome, real: Outcome) -> Outcome:
        agree(command, "outcome", said(reference), said(real))
        if isinstance(real, Confirmed):
            for event in real.events:
                self.coverage.emit(name, type(event).__name__)
            self.coverage.situations.update(situations(real.events))
        elif isinstance(real, Rejected):
            self.coverage.refuse(name, real.reason.name)
        else:
            assert isinstance(real, Unknown)
        return real

    def _furnish(self, command: Fund | Nonce) -> None:
        self.coverage.commands[str(command)] += 1
        for ledger in (self.reference, self.real):
            if isinstance(command, Fund):
                ledger.fund(command.address, Purse.AMPLE)
            else:
                ledger.put_account(command.wallet, AccountImage(addresses.SYSTEM, bytes(80)))

    def _just_sent(self) -> bool:
        previous = self.commands[-2]
        return isinstance(previous, Execute) and not previous.stale

    def _checkpoint(self, back: bool) -> None:
        self.coverage.commands["restore" if back else "save"] += 1
        if not back:
            self._saved = self.reference.save(), self.real.save()
        elif self._saved is not None:
            self._restore(self._saved)

    def _watch(self, accounts: Iterable[Address]) -> None:
        new = set(accounts) - self._known
        if new:
            self._known |= new
            self._watched = sorted(self._known - PROGRAMS)

    def compare_accounts(self, command: object) -> None:
        """Every watched account byte for byte, in order of address."""
        reference, real, agreed = self.reference.account, self.real.account, self._agreed
        for address in self._watched:
            images = reference(address), real(address)
            if agreed.get(address) != images and not self._same(address, images):
                raise Disagreement(
                    command,
                    f"account {self.name(address)}",
                    *(describe(lying(image)) for image in images),
                )

    def _same(self, address: Address, images: Images) -> bool:
        """Whether owner and data are equal; if so, these images need no second look."""
        expected, found = images
        if lying(expected) != lying(found):
            return False
        self._agreed[address] = images
        return True

    def finish(self) -> None:
        """What is too costly for every step: no account of the program but the known ones."""
        command = "the last command"
        agree(
            command,
            "accounts of the program",
            sorted(self.reference.program_accounts()),
            sorted(self.real.program_accounts()),
        )
        try:
            self.audit()
        except Imbalance as imbalance:
            raise Violation(command, "S1", str(imbalance)) from None

    def audit(self) -> Audit:
        """Where all tokens of the real ledger are (S1, L4); raises `Imbalance`."""
        holders = self.cast.holders()
        return audit(self.real, self.cast.mint, holders, self.reference.donated)

    def name(self, address: Address) -> str:
        """A readable name of an address."""
        known = {
            addresses.config(): "config",
            addresses.treasury(): "treasury",
            **self.cast.names(),
        }
        return known.get(address, addresses.base58(address))

    def _restore(self, saved: Iterable[object]) -> None:
        reference, real = saved
        self.reference.restore(reference)
        self.real.restore(real)


def describe(found: tuple[Address, bytes] | None) -> object:
    """An account as a value worth reading: decoded where it is one of the program's."""
    from choir_model.program.bindings import ACCOUNTS

    if found is None:
        return "vacant"
    owner, data = found
    for layout in ACCOUNTS.values():
        if data[:8] == layout.discriminator and len(data) == layout.size:
            value = layout.decode(data)
            shown = {name: getattr(value, name) for name in layout.names}
            return {n: v.hex() if isinstance(v, bytes) else v for n, v in shown.items()}
    if owner == addresses.TOKEN and len(data) == 165:
        amount = int.from_bytes(data[64:72], "little")
        return {"mint": data[:32].hex(), "owner": data[32:64].hex(), "amount": amount}
    return {"owner": addresses.base58(owner), "data": data.hex()}
