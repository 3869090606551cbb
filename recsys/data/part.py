"""Base of the parts of a model: a part declares its fields once, and is validated, saved and opened by them.

::

    @dataclass(frozen=True, eq=False)
    class Popularity(Part):
        name = "popularity"
        scores: Annotated[NDArray[np.float32], Column(np.float32, "items")]
        order: Annotated[NDArray[np.int32], Column(np.int32, "items", low=0, below="items")]

Equal names are equal sizes, within a part (checked at construction) and within a model (checked by :meth:`Part.confirm`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import Annotated, Any, ClassVar, Self, cast, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from recsys.errors import BundleError

Arrays = Mapping[str, NDArray[Any]]
Sizes = Mapping[str, int]


class UnfitError(Exception):
    """Mismatch of a field; the message is the end of a sentence."""


class Field:
    """Field of a part; by default a single array."""

    def ends(self) -> list[str]:
        """Return the suffixes of its tensor names."""
        return [""]

    def fit(self, value: Any, sizes: dict[str, int]) -> None:
        """Check a value and add its sizes to `sizes`; raises UnfitError."""

    def confirm(self, value: Any, sizes: Sizes) -> None:
        """Check a value against the sizes of the part or model; raises UnfitError."""

    def grow(self, value: Any, _what: str, _n: int) -> Any:
        """Return a value with `_n` rows of the size `_what`, the new ones behind and empty."""
        return value

    def split(self, value: Any) -> list[NDArray[Any]]:
        """Return the tensors of a value, in the order of :meth:`ends`."""
        return [value]

    def join(self, tensors: Arrays, name: str, _sizes: Sizes) -> Any:
        """Return the value of the tensors whose names begin with `name`; raises BundleError or KeyError."""
        return tensors[name]


Fields = Mapping[str, Field]


class Part:
    """Frozen dataclass of declared fields; raises BundleError when they do not fit together.

    The fields are the annotations with a :class:`Field`. A class without any sets `fields`, as ``Groups`` does, whose
    subclasses differ in the name of a size.
    """

    name: ClassVar[str]
    fields: ClassVar[Fields]
    sizes: Sizes

    def __init_subclass__(cls) -> None:
        hints = get_type_hints(cls, include_extras=True)
        fields = {name: hint.__metadata__[0] for name, hint in hints.items() if get_origin(hint) is Annotated}
        cls.fields = fields or cls.fields

    def __post_init__(self) -> None:
        sizes: dict[str, int] = {}
        self._each(lambda field, value: field.fit(value, sizes))
        object.__setattr__(self, "sizes", sizes)
        self._each(lambda field, value: field.confirm(value, sizes))
        if not self.sound():
            raise BundleError(f"{self.name}: the arrays do not fit together")

    def sound(self) -> bool:
        """Return whether conditions beyond the declarations hold; parts override it."""
        return True

    def confirm(self, sizes: Sizes) -> None:
        """Check a part against the sizes of its model; raises BundleError."""
        for what, n in self.sizes.items():
            if sizes.get(what, n) != n:
                raise BundleError(f"{self.name}: {what} are {n} where the model has {sizes[what]}")
        missing = {what: n for what, n in sizes.items() if what not in self.sizes}
        self._each(lambda field, value: field.confirm(value, missing))

    def grown(self, what: str, n: int, **values: Any) -> Self:
        """Return the part with `n` rows of the size `what`, as many as before or more: the new ones are behind and empty.

        `values` are fields with other values, which must fit; nothing is checked, as large arrays are read for that.
        """
        changed = {
            name: field.grow(getattr(self, name), what, n) for name, field in self.fields.items() if name not in values
        }
        return self._with({**changed, **values}, {**self.sizes, **({what: n} if what in self.sizes else {})})

    def _with(self, values: Mapping[str, Any], sizes: Sizes) -> Self:
        kept = {field.name: getattr(self, field.name) for field in dataclass_fields(cast(Any, self))}
        part: Self = object.__new__(type(self))
        vars(part).update({**kept, **values, "sizes": sizes})
        return part

    @classmethod
    def tensor_names(cls, prefix: str) -> Iterator[str]:
        """Yield the names of its tensors."""
        return (f"{prefix}.{name}{end}" for name, field in cls.fields.items() for end in field.ends())

    def tensors(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return its arrays by the names that begin with `prefix`."""
        arrays = (array for name, field in self.fields.items() for array in field.split(getattr(self, name)))
        return dict(zip(self.tensor_names(prefix), arrays, strict=True))

    @classmethod
    def open(cls, tensors: Arrays, prefix: str, sizes: Sizes) -> Self:
        """Return the part whose tensors begin with `prefix`; raises BundleError when they do not fit together."""
        make: Any = cls
        return make(**{name: field.join(tensors, f"{prefix}.{name}", sizes) for name, field in cls.fields.items()})  # type: ignore[no-any-return]

    def _each(self, check: Callable[[Field, Any], None]) -> None:
        for name, field in self.fields.items():
            try:
                check(field, getattr(self, name))
            except UnfitError as error:
                raise BundleError(f"{self.name}: the arrays do not fit together: {name} {error}") from error


@dataclass(frozen=True)
class Column(Field):
    """Array field; `shape` consists of numbers and of names of sizes."""

    kind: type[np.generic]
    shape: str | int | tuple[str | int, ...]
    low: float | None = None  # bounds of the values, inclusive
    high: float | None = None
    below: str | None = None  # name of a size that is an exclusive upper bound of the values
    finite: bool = False  # reject infinite values and NaN
    new: float = 0  # value in the row of an item that came after the training

    def fit(self, value: NDArray[Any], sizes: dict[str, int]) -> None:
        shape = self.shape if isinstance(self.shape, tuple) else (self.shape,)
        if value.dtype != self.kind or value.ndim != len(shape):
            actual = f"{value.dtype} of shape {value.shape}"
            raise UnfitError(f"is {actual} where {self.kind.__name__} of {shape} is expected")
        for size, n in zip(shape, value.shape, strict=True):
            if n != (size if isinstance(size, int) else sizes.setdefault(size, n)):
                raise UnfitError(f"has the shape {value.shape} where {shape} is expected")
        if self.finite and not bool(np.isfinite(value).all()):
            raise UnfitError("holds a number that is not finite")
        if value.size and self.low is not None and not value.min() >= self.low:
            raise UnfitError(f"holds a number under {self.low:g}")
        if value.size and self.high is not None and not value.max() <= self.high:
            raise UnfitError(f"holds a number above {self.high:g}")

    def confirm(self, value: NDArray[Any], sizes: Sizes) -> None:
        if self.below is not None and self.below in sizes and value.size and not value.max() < sizes[self.below]:
            raise UnfitError(f"holds a number that is not under {sizes[self.below]} ({self.below})")

    def grow(self, value: NDArray[Any], what: str, n: int) -> NDArray[Any]:
        rows = self.shape[0] if isinstance(self.shape, tuple) else self.shape
        if rows != what or n == len(value):
            return value
        if self.below == what:  # an order of the rows, in which the new ones are the last
            return np.concatenate((value, np.arange(len(value), n, dtype=value.dtype)))
        return np.concatenate((value, np.full((n - len(value), *value.shape[1:]), self.new, dtype=value.dtype)))


@dataclass(frozen=True)
class Pointers(Field):
    """Row ``i`` of `rows` is ``pointers[i]:pointers[i + 1]`` of `entries`; `strictly`: no row is empty."""

    rows: str
    entries: str
    strictly: bool = False
    kind: type[np.generic] = np.int64

    def fit(self, value: NDArray[Any], sizes: dict[str, int]) -> None:
        if value.dtype != self.kind or value.ndim != 1:
            raise UnfitError(f"is {value.dtype} of shape {value.shape} where {self.kind.__name__} is expected")
        if len(value) != sizes.setdefault(self.rows, max(0, len(value) - 1)) + 1:
            raise UnfitError(f"has {len(value)} entries where one more than {sizes[self.rows]} {self.rows} is expected")
        if value[0] != 0:
            raise UnfitError(f"does not begin at 0 but at {value[0]}")
        if value[-1] != sizes.setdefault(self.entries, int(value[-1])):
            raise UnfitError(f"ends at {value[-1]} where {sizes[self.entries]} {self.entries} are expected")
        if not bool(np.all(value[1:] > value[:-1] if self.strictly else value[1:] >= value[:-1])):
            raise UnfitError("does not rise")

    def grow(self, value: NDArray[Any], what: str, n: int) -> NDArray[Any]:
        if self.rows != what:
            return value
        return np.concatenate((value, np.full(n + 1 - len(value), value[-1], dtype=value.dtype)))


@dataclass(frozen=True)
class Scalar(Field):
    """Float, stored as an array of length 1."""

    low: float = -np.inf
    high: float = np.inf

    def fit(self, value: float, _sizes: dict[str, int]) -> None:
        if not (np.isfinite(value) and self.low <= value <= self.high):
            raise UnfitError(f"is {value:g}, out of range")

    def split(self, value: float) -> list[NDArray[Any]]:
        return [np.array([value], dtype=np.float64)]

    def join(self, tensors: Arrays, name: str, _sizes: Sizes) -> float:
        array = tensors[name]
        if array.dtype != np.float64 or array.shape != (1,):
            raise BundleError(f"{name} is not one number")
        return float(array[0])


@dataclass(frozen=True)
class Size(Field):
    """Size of the model, not stored with the part."""

    of: str

    def ends(self) -> list[str]:
        return []

    def fit(self, value: int, sizes: dict[str, int]) -> None:
        if sizes.setdefault(self.of, value) != value:
            raise UnfitError(f"is {value} where {sizes[self.of]} is expected")

    def grow(self, value: int, what: str, n: int) -> int:
        return n if self.of == what else value

    def split(self, _value: int) -> list[NDArray[Any]]:
        return []

    def join(self, _tensors: Arrays, _name: str, sizes: Sizes) -> int:
        return sizes[self.of]


@dataclass(frozen=True)
class Nested(Field):
    """Nested part; `length` names its length in the outer part, None: the outer part shares its sizes."""

    kind: type[Part]
    length: str | None = None

    def ends(self) -> list[str]:
        return list(self.kind.tensor_names(""))

    def fit(self, value: Any, sizes: dict[str, int]) -> None:
        for name, n in {self.length: len(value)}.items() if self.length is not None else value.sizes.items():
            if sizes.setdefault(name, n) != n:
                raise UnfitError(f"has {n} {name} where {sizes[name]} are expected")

    def confirm(self, value: Part, sizes: Sizes) -> None:
        if self.length is None:
            value.confirm({name: n for name, n in sizes.items() if name not in value.sizes})

    def grow(self, value: Part, what: str, n: int) -> Part:
        return value.grown(what, n) if self.length is None and what in value.sizes else value

    def split(self, value: Part) -> list[NDArray[Any]]:
        return list(value.tensors("").values())

    def join(self, tensors: Arrays, name: str, sizes: Sizes) -> Part:
        return self.kind.open(tensors, name, sizes)
