"""Attacks made smaller, one thing at a time, until nothing can be left out."""

from __future__ import annotations

from dataclasses import replace

from choir_model.lockstep.adversary_attacks import Attack
from choir_model.lockstep.adversary_port import Sent
from choir_model.program.calls import Call


def simpler(attack: Attack) -> list[Attack]:
    """Attacks with one thing less wrong: a transaction, a call, an account, a flag, the data."""
    found: list[Attack] = []
    for number, step in enumerate(attack.steps):
        rest = (*attack.steps[:number], *attack.steps[number + 1 :])
        if rest:
            found.append(replace(attack, steps=rest))
        for smaller in _simpler_step(step, attack.base):
            steps = (*attack.steps[:number], smaller, *attack.steps[number + 1 :])
            found.append(replace(attack, steps=steps))
    return found


def _simpler_step(sent: Sent, base: Call) -> list[Sent]:
    found = []
    for at, call in enumerate(sent.calls):
        without = (*sent.calls[:at], *sent.calls[at + 1 :])
        if without:
            found.append(replace(sent, calls=without))
        if call.name == base.name:
            found += [
                replace(sent, calls=(*sent.calls[:at], smaller, *sent.calls[at + 1 :]))
                for smaller in _simpler_call(call, base)
            ]
    if sent.unit_limit is not None:
        found.append(replace(sent, unit_limit=None))
    if sent.looked_up:
        found.append(replace(sent, looked_up=False))
    return found


def _simpler_call(call: Call, base: Call) -> list[Call]:
    found = []
    have, want = call.accounts, base.accounts
    if len(have) > len(want):
        found.append(replace(call, accounts=have[: len(want)]))
        found += [replace(call, accounts=have[:n] + have[n + 1 :]) for n in range(len(have))]
    if len(have) < len(want):
        found.append(replace(call, accounts=(*have, *want[len(have) :])))
    for at, (mine, right) in enumerate(zip(have, want, strict=False)):
        if mine != right:
            found.append(replace(call, accounts=(*have[:at], right, *have[at + 1 :])))
    if call.data != base.data:
        found.append(call.with_data(base.data))
    return found
