"""Cell values: what is refused, and that the canonical bytes and the values are one to one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import InitVar, dataclass, field, fields, is_dataclass
from enum import Enum, Flag, IntEnum, auto
from functools import cached_property
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choir_model.engine import Cell, Field, Record, State
from choir_model.engine.decoding import decode
from choir_model.engine.sorts import Atom
from choir_model.engine.values import (
    CanonicalSet,
    canonical,
    check_value,
    encode,
    register,
)

# Hypothesis may describe a strategy to itself, and warns that the description is long.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

T = TypeVar("T")


class Colour(Enum):
    RED = 1
    CRIMSON = 1  # noqa: PIE796 (a second name)
    BLUE = "1"


class Suit(str, Enum):  # noqa: UP042 (what models from before 3.11 say)
    HEARTS = "hearts"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Right(Flag):
    READ = auto()
    WRITE = auto()
    BOTH = READ | WRITE
    RUN = auto()


@dataclass(frozen=True)
class Pair(Generic[T]):
    left: T
    right: Any = None


@dataclass(frozen=True)
class Twin:
    left: Any
    right: Any = None


@dataclass(frozen=True, slots=True)
class Slotted:
    only: Any


@dataclass(frozen=True)
class Derived:
    """A field its constructor does not take, one it takes and drops, and things derived."""

    members: Any
    seed: InitVar[int]
    total: Any = field(init=False)

    def __post_init__(self, seed: int) -> None:
        object.__setattr__(self, "total", (self.members, seed))

    def __repr__(self) -> str:
        return f"Derived(…, {self.total!r})"

    @property
    def half(self) -> object:
        raise AssertionError("a property is no field")

    @cached_property
    def twice(self) -> list[object]:
        return [self.members, self.members]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.text(),
    st.text(st.characters(min_codepoint=0xD700, max_codepoint=0xE000)),  # lone surrogates too
    st.binary(),
    st.sampled_from([*Colour, *Suit, *Level, *Right, Right(0), Right.READ | Right.RUN]),
    st.builds(Atom, st.sampled_from(["node", "jug"]), st.integers(1, 3)),
)


def larger(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(items, max_size=4).map(tuple),
        st.frozensets(items, max_size=4),
        st.builds(Pair, items, items),
        st.builds(Twin, items, items),
        st.builds(Slotted, items),
        st.builds(Derived, items, st.integers(0, 2)),
    )


values = st.recursive(scalars, larger, max_leaves=8)


def parts(value: Any) -> list[Any]:
    return [getattr(value, f.name) for f in fields(value)] if is_dataclass(value) else []


def typed(value: Any) -> object:
    """`value` such that comparing it compares types as well, independently of `encode`."""
    if isinstance(value, Enum):
        return (type(value), value._value_)
    if isinstance(value, tuple):
        return (tuple, *map(typed, value))
    if isinstance(value, frozenset):
        return frozenset(map(typed, frozenset.__iter__(value)))
    if is_dataclass(value):
        return (type(value), *map(typed, parts(value)))
    return (type(value), value)


@given(values)
def test_decoding_returns_the_value_with_the_types_it_had(value: Any) -> None:
    check_value(value, "here")
    back = decode(encode(value))
    assert typed(back) == typed(value)
    assert encode(back) == encode(value)
    assert type(back) is type(canonical(value))


def no_plain_set(value: Any) -> bool:
    if isinstance(value, Enum):
        return True
    if isinstance(value, frozenset):
        members = frozenset.__iter__(value)
        return type(value) is CanonicalSet and all(map(no_plain_set, members))
    if isinstance(value, tuple):
        return all(map(no_plain_set, value))
    return all(map(no_plain_set, parts(value)))


@given(values)
def test_every_set_in_a_canonical_or_a_decoded_value_is_canonical(value: Any) -> None:
    for better in (canonical(value), decode(encode(value))):
        assert no_plain_set(better)
        assert typed(better) == typed(value)
    assert canonical(better) is better


@given(values, values)
def test_equal_bytes_mean_equal_values_of_equal_types(one: Any, other: Any) -> None:
    assert (encode(one) == encode(other)) == (typed(one) == typed(other))


@given(values, values)
def test_no_encoding_is_the_beginning_of_another(one: Any, other: Any) -> None:
    """What makes a sequence of encodings take apart, and order by items."""
    first, second = encode(one), encode(other)
    assert first == second or not second.startswith(first)


@given(st.lists(st.integers()))
def test_integers_are_ordered_by_value(numbers: list[int]) -> None:
    assert sorted(numbers, key=encode) == sorted(numbers)


@given(st.lists(st.text()))
def test_text_is_ordered_by_the_length_of_its_bytes_then_by_code_points(texts: list[str]) -> None:
    expected = sorted(texts, key=lambda text: (len(text.encode()), text))
    assert sorted(texts, key=encode) == expected


@given(st.lists(st.lists(values, max_size=3).map(tuple)))
def test_tuples_are_ordered_by_length_then_by_their_items(tuples: list[tuple[Any, ...]]) -> None:
    expected = sorted(tuples, key=lambda items: (len(items), [encode(item) for item in items]))
    assert [encode(t) for t in sorted(tuples, key=encode)] == [encode(t) for t in expected]


@given(st.lists(st.frozensets(values, max_size=3)))
def test_sets_are_ordered_by_size_then_by_their_members_in_order(
    sets: list[frozenset[Any]],
) -> None:
    expected = sorted(sets, key=lambda members: (len(members), sorted(map(encode, members))))
    assert [encode(s) for s in sorted(sets, key=encode)] == [encode(s) for s in expected]


def decoded_or_refused(data: bytes) -> None:
    with suppress(ValueError):
        assert encode(decode(data)) == data


@given(st.binary())
def test_any_bytes_decode_to_what_they_encode_or_are_refused(data: bytes) -> None:
    decoded_or_refused(data)


@given(values, st.data())
def test_damaged_bytes_decode_to_what_they_encode_or_are_refused(
    value: Any, data: st.DataObject
) -> None:
    whole = encode(value)
    at = data.draw(st.integers(0, len(whole) - 1))
    until = data.draw(st.integers(at, len(whole)))
    instead = data.draw(st.one_of(st.binary(max_size=3), values.map(encode)))
    decoded_or_refused(whole[:at] + instead + whole[until:])


@given(values, st.data())
def test_truncated_or_longer_bytes_are_refused(value: Any, data: st.DataObject) -> None:
    whole = encode(value)
    with pytest.raises(ValueError, match="the bytes end before byte"):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ValueError, match="not the canonical encoding"):
        decode(whole + data.draw(st.binary(min_size=1)))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda: b"", "the bytes end before byte 1"),
        (lambda: b"?", r"no value begins with b'\?', at byte 0"),
        (lambda: b"t" + b"\xff" * 8, "the bytes end"),
        (lambda: b"t" + (1).to_bytes(8, "big") + b"?", "no value begins with .* at byte 9"),
        (lambda: encode("é")[:-1] + b"e", "can't decode"),
        (lambda: encode(5).replace(b"i1", b"i2"), "the bytes end before byte"),
        (lambda: b"i1" + b"\0\0\0\2\x80\5", "not the canonical encoding"),
        (lambda: encode(True)[:-1] + b"2", "not the canonical encoding"),
        (lambda: encode(Colour.RED).replace(b"\3RED", b"\7CRIMSON"), "not the canonical encoding"),
        (lambda: encode(Colour.BLUE).replace(b"BLUE", b"GREY"), "Colour has no member GREY"),
        (lambda: encode(Right.READ).replace(b"READ", b"READ".lower()), "invalid literal"),
        (lambda: encode(Twin(1)).replace(b"Twin", b"Slim"), "Slim is no known type; register it"),
        (lambda: encode(Twin(1)).replace(b"test_", b"tes\xff_"), "is no known type"),
        (lambda: b"e" + encode(Pair(1))[1:], "Pair has no member"),
        (lambda: b"d" + encode(Level.LOW)[1:], "the bytes end|no value begins"),
        (lambda: b"f" + encode((2, 1))[1:], "not the canonical encoding"),
        (lambda: b"f" + encode((1, 1))[1:], "not the canonical encoding"),
        (lambda: (b"t" + (1).to_bytes(8, "big")) * 9999 + b"0", "nested too deeply"),
    ],
)
def test_damage_is_named(damage: Callable[[], bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode(damage())


def test_a_dataclass_of_other_fields_is_refused() -> None:
    short = encode(Slotted(1)).replace(b"Slotted", b"Derived")
    encode(Derived(1, 2))
    with pytest.raises(ValueError, match="Derived is no dataclass of 1 fields"):
        decode(short)


def test_a_type_whose_hash_fails_on_damaged_fields_is_refused() -> None:
    @dataclass(frozen=True)
    class Picky:
        x: Any

        def __hash__(self) -> int:
            return len(self.x)

    whole = encode(frozenset({Picky("a")}))
    assert decode(whole) == {Picky("a")}
    with pytest.raises(ValueError, match="a set of what cannot be hashed: object of type 'int'"):
        decode(whole.replace(encode("a"), encode(1)))


DECODE = """
import sys, test_values
from choir_model.engine.decoding import decode
from choir_model.engine.values import register
data = bytes.fromhex(sys.argv[1])
try:
    decode(data)
except ValueError as error:
    print(error)
register(test_values.Pair)
print(decode(data))
"""


def test_a_type_is_known_once_registered_and_never_imported() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", DECODE, encode(Pair(1, "x")).hex()],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    name = f"{Pair.__module__}.Pair"
    assert ran.stdout.splitlines() == [
        f"{name} is no known type; register it, or encode a value of it",
        "Pair(left=1, right='x')",
    ]


def test_only_types_of_values_can_be_registered() -> None:
    register(Colour)
    with pytest.raises(TypeError, match=r"list is no type of cell values; use a tuple"):
        register(list)


def test_of_two_types_of_one_name_the_last_one_counts() -> None:
    def made() -> type[Enum]:
        class Phase(Enum):
            IDLE = 0

        return Phase

    old, new = made(), made()
    assert decode(encode(old["IDLE"])) is old["IDLE"]
    assert decode(encode(new["IDLE"])) is new["IDLE"]
    register(old)
    assert decode(encode(new["IDLE"])) is old["IDLE"]


class Jar(Record, name="jar"):
    content: Field[Any] = Field(None)


def test_a_cell_hands_out_sets_in_canonical_order_wherever_they_hide() -> None:
    words = frozenset({"pear", "apple", "fig", "kiwi", "plum"})
    hidden = [Derived(words, 3), CanonicalSet({words}), (Slotted(words),), Pair(words)]
    for value in hidden:
        state = State()
        state.step(lambda view, value=value: view.write(Jar.content[None], value))
        assert no_plain_set(state.value(Jar.content[None]))
        assert no_plain_set(canonical(value))


def test_a_plain_set_joined_with_a_canonical_one_is_canonical() -> None:
    plain, ours = frozenset("abc"), CanonicalSet("bcd")
    joined = [plain | ours, plain & ours, plain - ours, plain ^ ours]
    assert [type(one) for one in joined] == [CanonicalSet] * 4
    assert list(map("".join, joined)) == ["abcd", "bc", "a", "ad"]


def test_true_one_and_the_text_one_are_three_states() -> None:
    cells = [State({Cell(Jar.content, None): value}) for value in (1, True, "1", Level.LOW)]
    assert len({encode(state.value(Jar.content[None])) for state in cells}) == 4
