"""What the errors of a Solana runtime mean, the same for every engine that carries one."""

from __future__ import annotations

from typing import Any

from choir_model.ports.ledger import Foreign, UnregisteredRefusal
from choir_model.program.addresses import SYSTEM, TOKEN, base58
from choir_model.program.bindings import PROGRAM_ID, Reason
from choir_model.program.events import failing_program

TOKEN_ERRORS = {
    0x1: Foreign.TOKEN_INSUFFICIENT_FUNDS,
    0x3: Foreign.TOKEN_MINT_MISMATCH,
    0x4: Foreign.TOKEN_OWNER_MISMATCH,
    0xB: Foreign.TOKEN_NOT_EMPTY,
    0xF: Foreign.TOKEN_INVALID_ACCOUNT,
    0x11: Foreign.TOKEN_FROZEN,
}
SYSTEM_ERRORS = {0x1: Foreign.INSUFFICIENT_LAMPORTS}
SYSTEM_PROGRAM_ERRORS = {
    "InvalidArgument": Foreign.PAYER_NOT_VACANT,
    "ExternalAccountLamportSpend": Foreign.PAYER_NOT_VACANT,
}
"""Of a transfer of rent: the payer holds data, or is not the system program's to take from."""
TRANSACTION_ERRORS = {
    "AlreadyProcessed": Foreign.ALREADY_PROCESSED,
    "BlockhashNotFound": Foreign.BLOCKHASH_NOT_FOUND,
    "SignatureFailure": Foreign.SIGNATURE_FAILURE,
    "AccountNotFound": Foreign.ACCOUNT_NOT_FOUND,
    "InsufficientFundsForFee": Foreign.INSUFFICIENT_FUNDS_FOR_FEE,
}
TOKEN_PROGRAM_ERRORS = {
    "MissingRequiredSignature": Foreign.TOKEN_MISSING_SIGNATURE,
    "InvalidAccountData": Foreign.TOKEN_INVALID_ACCOUNT,
    "InvalidArgument": Foreign.TOKEN_INVALID_ACCOUNT,
    "UninitializedAccount": Foreign.TOKEN_INVALID_ACCOUNT,
    "ReadonlyLamportChange": Foreign.READ_ONLY,
    "ReadonlyDataModified": Foreign.READ_ONLY,
}
PROGRAM_ERRORS: dict[str | None, dict[str, Foreign]] = {
    base58(TOKEN): TOKEN_PROGRAM_ERRORS,
    base58(SYSTEM): SYSTEM_PROGRAM_ERRORS,
}
"""What the runtime's own names for an error mean, by the program that failed with it."""


def refusal(error: Any, logs: list[str]) -> Reason | Foreign:
    """The registered refusal an engine's transaction error stands for.

    `error` is an engine's own object, told by its text; where an instruction failed, `err`
    is that instruction's error, and its `code` the number a program gave.  Raises
    `UnregisteredRefusal` for an error nobody has registered yet.
    """
    inner = getattr(error, "err", None)
    program = failing_program(logs)
    if inner is None:
        name = str(error).rsplit(".", 1)[-1]
        found: Reason | Foreign | None = TRANSACTION_ERRORS.get(name)
        if "InsufficientFundsForRent" in str(error):
            found = Foreign.INSUFFICIENT_FUNDS_FOR_RENT
    elif (code := getattr(inner, "code", None)) is not None:
        if program == PROGRAM_ID and code in Reason._value2member_map_:
            found = Reason(code)
        elif program == base58(TOKEN):
            found = TOKEN_ERRORS.get(code)
        else:
            found = SYSTEM_ERRORS.get(code) if program == base58(SYSTEM) else None
    elif _ran_out_of_units(inner, logs):
        found = Foreign.UNITS_EXHAUSTED
    else:
        name = str(inner).rsplit(".", 1)[-1]
        found = PROGRAM_ERRORS.get(program, {}).get(name)
    if found is None:
        raise UnregisteredRefusal(f"{error} of program {program}: {' | '.join(logs[-3:])}")
    return found


def _ran_out_of_units(inner: Any, logs: list[str]) -> bool:
    """A call of the runtime says so by its error; a program that is cut off, in the log only."""
    name = str(inner).rsplit(".", 1)[-1]
    if name == "ProgramFailedToComplete":
        return any("exceeded CUs meter" in line for line in logs)
    return name == "ComputationalBudgetExceeded"
