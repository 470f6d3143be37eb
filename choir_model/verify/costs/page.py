"""The page of costs: tables of what was measured, and how to read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from choir_model.adapters.litesvm import PACKET_BYTES
from choir_model.program import addresses, designs
from choir_model.program.bindings import (
    ACCOUNTS,
    SEATS,
    Design,
)
from choir_model.verify.costs import measured, text
from choir_model.verify.costs.forms import FORMS
from choir_model.verify.costs.measured import BOUND, COUNTS, GRANTED, MOST, STEP, Search
from choir_model.verify.costs.scene import DEEPEST, Scene

Units = Mapping[str, Mapping[int, int | None]]
"""Compute units by the name of the form and the number of co-authors."""

PUSHED = designs.design_of(("rejection=at_close", "payout=push"))
"""The design under which one instruction pays the most."""

SMALL = 20
"""Compute units that make no difference worth a column."""


def number(value: int) -> str:
    """Digits in groups of three."""
    return f"{value:,}".replace(",", " ")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns but the first hold numbers."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def render() -> str:
    """The page, measured now.  Raises `EngineUnavailable` without the VM or the program."""
    scene = Scene(designs.DEFAULT)
    usual = measured.by_form(scene)
    others = {
        name: measured.by_form(Scene(design), (SEATS,))
        for name, design in designs.NAMED.items()
        if design != designs.DEFAULT
    }
    found = tuple(measured.searches(scene))
    parts = (
        _introduction(scene, usual, others, found),
        _units(scene, usual),
        _searches(found),
        _lamports(scene),
        _designs(usual, others),
        _push(Scene(PUSHED)),
    )
    return "\n".join(parts)


def _introduction(
    scene: Scene, usual: Units, others: Mapping[str, Units], found: Sequence[Search]
) -> str:
    over = [
        f"{_label(form)} under {_design(name)}"
        for name, spent in {"default": usual, **others}.items()
        for form in spent
        if (spent[form][SEATS] or 0) >= BOUND
    ]
    unlucky = max(found, key=lambda search: search.chance)
    return text.INTRODUCTION.format(
        solders=scene.ledger.versions["solders"],
        exceptions=f", but for {'; '.join(over)}" if over else "",
        chance=_odds(unlucky.chance),
        unlucky=unlucky.instruction,
        granted=number(GRANTED),
        transfer=number(measured.token_transfer(scene)),
        bound=number(BOUND),
        seats=SEATS,
    )


def _units(scene: Scene, usual: Units) -> str:
    head = ["instruction", *(f"{seated} co-author{'s' * (seated > 1)}" for seated in COUNTS)]
    rows = [
        [_label(name), *map(_number_or_dash, spent.values())]
        for name, spent in usual.items()
        if any(spent.values())
    ]
    others = [
        [f"{_label(name)} ({_design(designs.name_of(design))})", *map(_number_or_dash, spent)]
        for name, design, spent in _only_elsewhere(usual)
    ]
    first, level = measured.publication_level(scene)
    return text.UNITS.format(
        table=table(head, rows),
        others=table(["instruction (design)", *head[1:]], others),
        seats=SEATS,
        deepest=number(DEEPEST),
        level=level,
        first=number(first),
    )


def _only_elsewhere(usual: Units) -> Iterator[tuple[str, Design, list[int | None]]]:
    """Forms the default design does not have, in the designs that show what they cost."""
    for design in (*map(designs.design_of, (["rejection=at_close"], ["expiry=refund"])), PUSHED):
        scene = Scene(design)
        for form in FORMS:
            if usual[form.name][SEATS] is None:
                spent = [measured.largest(scene, form, seated) for seated in COUNTS]
                if any(spent):
                    yield form.name, design, spent


def _label(form: str) -> str:
    """The form with its instruction as code."""
    instruction, _, decides = form.partition(", ")
    return f"`{instruction}`, {decides}" if decides else f"`{instruction}`"


def _searches(observed: Iterable[Search]) -> str:
    rows = [
        [
            f"`{found.instruction}`",
            str(found.searches),
            *map(number, (found.straight, found.least, found.median, found.most)),
            str(found.spare_steps),
            f"1 in {_odds(found.chance)}",
        ]
        for found in observed
    ]
    bound = number(BOUND)
    head = ["instruction", "searches", "no further step", "least", "median", "most"]
    head += ["steps to spare", f"over {bound}"]
    return text.SEARCHES.format(
        step=number(STEP), sample=measured.SAMPLE, seats=SEATS, bound=bound,
        granted=number(GRANTED), table=table(head, rows),
    )  # fmt: skip


def _odds(chance: float) -> str:
    """The n of a chance of one in n, in two digits."""
    odds = 1 / chance
    return number(int(round(odds, 2 - len(str(int(odds))))))


def _lamports(scene: Scene) -> str:
    rows = [
        [
            f"`{spent.instruction}`",
            ", ".join(f"`{role}`" for role in spent.created) or "–",
            *map(number, (spent.transaction_bytes, spent.fee, spent.rent)),
            f"{(spent.fee + spent.rent) / 10**9:.9f}",
        ]
        for spent in measured.expenses(scene)
    ]
    head = ["instruction", "new accounts", "transaction (bytes)", "fee (lamports)"]
    head += ["rent (lamports)", "together (SOL)"]
    rent = scene.ledger.rent_exempt
    sizes = {f"`{kind.__name__.lower()}`": ACCOUNTS[kind].size for kind in ACCOUNTS}
    vault = scene.ledger.account(addresses.treasury())
    assert vault is not None
    sizes["each vault, `treasury`"] = len(vault.data)
    accounts = [[name, number(size), number(rent(size))] for name, size in sizes.items()]
    per_byte = rent(1) - rent(0)
    return text.LAMPORTS.format(
        table=table(head, rows),
        overhead=rent(0) // per_byte,
        per_byte=number(per_byte),
        accounts=table(["account", "bytes", "rent (lamports)"], accounts),
    )


def _designs(usual: Units, others: Mapping[str, Units]) -> str:
    names = [form.name for form in FORMS]
    apart = {name: _furthest_apart(name, usual, others) for name in names}
    moving = [name for name, most in apart.items() if most is None or most > SMALL]
    rows = [["default", *(_number_or_dash(usual[form][SEATS]) for form in moving)]]
    for name, spent in others.items():
        cells = (_against(usual[form][SEATS], spent[form][SEATS]) for form in moving)
        rows.append([_design(name), *cells])
    still = {name: most for name, most in apart.items() if most is not None and most <= SMALL}
    everything = {"default": usual, **others}
    most, form, name = max(
        (spent[form][SEATS] or 0, form, name)
        for name, spent in everything.items()
        for form in names
    )
    return text.DESIGNS.format(
        seats=SEATS,
        table=table(["design", *map(_label, moving)], rows),
        still="; ".join(map(_label, still)),
        most=max(still.values(), default=0),
        largest=f"{number(most)}: {_label(form)}, under {_design(name)}",
    )


def _furthest_apart(form: str, usual: Units, others: Mapping[str, Units]) -> int | None:
    """The largest difference from the default design; None where one of the two lacks the form."""
    default, spent = usual[form][SEATS], [units[form][SEATS] for units in others.values()]
    if default is None or None in spent:
        return None
    return max(abs(units - default) for units in spent if units is not None)


def _design(name: str) -> str:
    """A design's name as code, choice by choice, so that it may break."""
    return name if name == "default" else " ".join(f"`{choice}`" for choice in name.split())


def _number_or_dash(units: int | None) -> str:
    return "–" if units is None else number(units)


def _against(usual: int | None, units: int | None) -> str:
    if usual is None or units is None:
        return _number_or_dash(units)
    sign = "+" if units > usual else "−"
    return f"{sign}{number(abs(units - usual))}" if units != usual else "0"


def _push(scene: Scene) -> str:
    reached = list(measured.reaches(scene))
    rows = [
        [
            reach.form,
            f"{reach.payees}{' (all)' if reach.payees == SEATS else ''}",
            *map(number, (reach.length, reach.units)),
            number(reach.beyond) if reach.beyond else "–",
        ]
        for reach in reached
    ]
    head = ["transaction", "deniers", "bytes", "units", "bytes with one more"]
    spent = measured.push_units(scene)
    limits = dict.fromkeys((BOUND, GRANTED, MOST))
    within = {limit: measured.payees_within(limit, spent) for limit in limits}
    image = scene.ledger.account(scene.table)
    assert image is not None
    legacy = reached[0]
    return text.PUSH.format(
        packet=number(PACKET_BYTES),
        table=table(head, rows),
        seats=SEATS,
        listed=number(len(image.data)),
        rent=number(scene.ledger.rent_exempt(len(image.data))),
        one=number(spent[1]),
        each=number(round((spent[SEATS] - spent[1]) / (SEATS - 1))),
        fitting=_fitting(within),
        legacy=legacy.payees,
        more=legacy.payees + 1,
        beyond=number(legacy.beyond),
    )


def _fitting(within: Mapping[int, int]) -> str:
    """How many deniers fit into each limit of compute units, up to one that all fit into."""
    told = []
    for limit, payees in within.items():
        told.append(f"{number(limit)} are enough for {payees}")
        if payees == SEATS:
            told[-1] = f"{number(limit)} are enough for all {payees}"
            break
    return ", ".join(told)
