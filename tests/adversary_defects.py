"""Guards of the reference taken away, one at a time: the adversary must notice each."""

from __future__ import annotations

from planted_defects import LEDGER_DEFECTS, Defect, Edit, defect

from choir_model.ledger import guards, instructions, payees, tokens
from choir_model.lockstep.adversary import Adversary
from choir_model.ports import ledger as ledger_port


def _no(name: str, function: object, old: str, new: str = "pass") -> Defect:
    return defect(name, "L3", function, old, new)


GUARD_DEFECTS: tuple[Defect, ...] = (
    _no(
        "unknown discriminators call the last instruction",
        guards.admit,
        "view.refuse(Reason.UnknownInstruction)",
        'spec = INSTRUCTIONS["settle"]',
    ),
    _no(
        "an account too few is no matter",
        guards._accounts,
        "len(call.accounts) < len(spec.accounts)",
        "len(call.accounts) < len(spec.accounts) - 1",
    ),
    _no(
        "the owner of an account does not matter, its bytes do",
        guards._is_a,
        "if OWNERS[found] != OWNERS[kind]:",
        "if False:",
    ),
    _no(
        "read-only accounts are written",
        guards._accounts,
        "view.refuse(Reason.NotWritable, role.name)",
    ),
    _no(
        "the signer is asked for before the writable flag",
        guards._accounts,
        "if role.writable and not writable:",
        "if role.signer and not signer:\n"
        "            view.refuse(Reason.MissingSigner, role.name)\n"
        "        if role.writable and not writable:",
    ),
    _no(
        "a record of another thread will do",
        guards._record,
        "view.refuse(Reason.WrongAddress, role)",
    ),
    _no(
        "a vacant record must have been created",
        guards._record,
        "AccountKind.VACANT:\n        return",
        "AccountKind.VACANT:\n        view.refuse(Reason.WrongOwner, role)",
    ),
    _no(
        "any mint may become CHOIR",
        guards._future_mint,
        "view.refuse(Reason.InvalidMint, role)",
    ),
    _no(
        "the mint's authority need not be who initializes",
        guards._future_mint,
        'mint.mint_authority == roles["authority"]',
        "True",
    ),
    _no(
        "a mint somebody else can freeze may become CHOIR",
        guards._future_mint,
        'mint.freeze_authority in (None, roles["authority"])',
        "True",
    ),
    _no(
        "a window may be empty",
        guards._arguments,
        'arguments["approval_window"] >= 1',
        "True",
    ),
    _no(
        "stakes may be too small to share",
        guards._arguments,
        'arguments["min_stake"] >= MIN_STAKE_FLOOR',
        "True",
    ),
    _no(
        "there may be more co-authors than seats",
        guards._arguments,
        '1 <= arguments["max_co_authors"] <= SEATS',
        'arguments["max_co_authors"] >= 1',
    ),
    _no(
        "bytes after the arguments are ignored",
        guards._arguments,
        "spec.arguments.decode(data)",
        "spec.arguments.decode(data[: spec.arguments.size])",
    ),
    _no(
        "accounts may be created anywhere",
        guards._accounts_to_create,
        "view.refuse(Reason.WrongAddress, role)",
    ),
    _no(
        "whoever comes last has initialized",
        guards._accounts_to_create,
        'view.refuse(Reason.AlreadyInitialized, "config")',
    ),
    _no(
        "a thread can be created twice",
        guards._accounts_to_create,
        'view.refuse(Reason.ThreadExists, "thread")',
    ),
    _no(
        "the arguments come before the accounts",
        guards.admit,
        "roles = _accounts(view, spec, call, granted)\n"
        "    arguments = _arguments(view, spec, call.data[8:])",
        "arguments = _arguments(view, spec, call.data[8:])\n"
        "    roles = _accounts(view, spec, call, granted)",
    ),
    _no(
        "who is seated submits specs",
        instructions.submit_spec,
        'view.refuse(Reason.AlreadyCoAuthor, "author")',
    ),
    _no(
        "who is not seated submits messages",
        instructions.submit_message,
        'view.refuse(Reason.NotCoAuthor, "author")',
    ),
    _no(
        "a stake may exceed what is there",
        instructions.submit_spec,
        'view.refuse(Reason.InsufficientFunds, "author_token")',
    ),
    _no(
        "a deadline may lie beyond all time",
        instructions.submit_spec,
        "exceeds_i64, config.approval_window",
        "exceeds_i64, 0",
    ),
    _no(
        "a total may grow beyond its type",
        instructions.submit_spec,
        "exceeds_u64, stake",
        "exceeds_u64, 0",
    ),
    _no(
        "what is pending can be claimed",
        instructions.claim,
        'view.refuse(Reason.NotDecided, "record")',
    ),
    _no("any account is a payee's", payees._is_fit, "token.owner == owner", "True"),
    _no("a frozen account can be paid into", payees._is_fit, "and not token.frozen", ""),
    _no("a payee's account may be read-only", payees._is_fit, "not given.writable", "False"),
    _no(
        "anybody closes what nobody can sign for",
        tokens._close,
        "_refuse_strangers(view, account, owner, granted)",
    ),
    _no(
        "who signs owns what is moved",
        tokens._refuse_strangers,
        'view.refuse(Foreign.TOKEN_OWNER_MISMATCH, "owner")',
    ),
    _no(
        "the payer does not sign",
        ledger_port.privileges,
        "{payer: (True, True)}",
        "{payer: (False, True)}",
    ),
    _no(
        "flags are those of the last mention",
        ledger_port.privileges,
        "(signer or meta.signer, writes)",
        "(meta.signer, writes)",
    ),
)
"""Guards 0 to 2, and the others as far as they have no defect of their own elsewhere."""

JUDGE_DEFECTS: tuple[Defect, ...] = (
    Defect(
        "several calls have each their own flags",
        "L3",
        (Edit(Adversary._together, "merged(sent.calls, sent.payer)", "sent.calls"),),
    ),
    Defect(
        "what was done before a refusal stays",
        "L3",
        (Edit(Adversary._together, "self.reference.restore(saved)", "pass"),),
    ),
)
"""What the reference says to several calls in one transaction, said wrongly."""

ALL = (*LEDGER_DEFECTS, *GUARD_DEFECTS, *JUDGE_DEFECTS)
