"""The functions of Go's templates, and those of the library `sprig` that make texts, lists and numbers. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any
from urllib.parse import quote_plus

import re2

from tulle.kit.go_syntax import BadTemplate
from tulle.kit.go_values import LONGEST, as_text, check_size, is_true, items, number, short, shown, string, texts, whole


def _index(value: object, *keys: object) -> object:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key, getattr(value, "missing", None))
        elif isinstance(value, str | list | tuple) and isinstance(key, int) and not isinstance(key, bool):
            if not 0 <= key < len(value):
                raise BadTemplate(f"there is no item {key}")
            value = value[key].encode()[0] if isinstance(value, str) else value[key]
        else:
            raise BadTemplate("it has no items, or the index is of a wrong kind")
    return value


def _slice(value: object, *bounds: int) -> object:
    if not isinstance(value, str | list | tuple):
        raise BadTemplate("a text or a list is needed")
    begin, end = (*bounds, *(0, len(value))[len(bounds) :])
    if not 0 <= begin <= end <= len(value):
        raise BadTemplate("the bounds are outside of it")
    return value[begin:end]


def _compared(test: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
    def compare(left: object, right: object) -> bool:
        if isinstance(left, str) != isinstance(right, str) or not isinstance(left, str | int | float):
            raise BadTemplate("the values are of different kinds")
        return test(left, right)

    return compare


def _equal(first: object, *others: object) -> bool:
    if not others:
        raise BadTemplate("two arguments are needed")
    for each in others:
        if isinstance(first, str) != isinstance(each, str) and first is not None and each is not None:
            raise BadTemplate("the values are of different kinds")
    return any(first == each for each in others)


def _printf(form: str, *values: object) -> str:
    rest = list(values)

    def one(found: re.Match[str]) -> str:
        flags, verb = found[1], found[2]
        if verb == "%":
            return "%"
        if not rest:
            return f"%!{verb}(MISSING)"
        value = rest.pop(0)
        if verb == "q":
            return json.dumps(as_text(value), ensure_ascii=False)
        if verb in "sv":
            return short(f"%{flags}s" % as_text(value))
        if verb in "dxXo" and isinstance(value, int):
            return f"%{flags}{verb}" % value
        if verb in "feEgG" and isinstance(value, float):
            return f"%{flags}{verb}" % value
        if verb == "t" and isinstance(value, bool):
            return shown(value)
        return f"%!{verb}({shown(value)})"

    if re.search(r"[0-9]{4}", form):
        raise BadTemplate("a width is too large")
    return short(re.sub(r"%([-+# 0]*[0-9]*(?:\.[0-9]+)?)([a-zA-Z%])", one, form))


def _print(*values: object) -> str:
    """Spaces stand between values of which neither is a text."""
    parts: list[str] = []
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            parts.append(" ")
        parts.append(as_text(value))
    return short("".join(parts))


def _trunc(length: int, text: str) -> str:
    return text[length:] if length < 0 and len(text) > -length else text[:length] if length >= 0 else text


def _substr(begin: int, end: int, text: str) -> str:
    if begin < 0:
        return text[: max(end, 0)]
    return text[begin:] if end < 0 or end > len(text) else text[begin:end]


def _repeat(count: object, text: str) -> str:
    if whole(count) * len(text) > LONGEST:
        raise BadTemplate(f"the result is longer than {LONGEST // 1024} KiB")
    return text * whole(count)


def _indent(spaces: int, text: str) -> str:
    pad = _repeat(spaces, " ")
    return (
        short(pad + text.replace("\n", "\n" + pad))
        if text.count("\n") * len(pad) < LONGEST
        else short("x" * LONGEST * 2)
    )


def _replace(old: str, new: str, text: str) -> str:
    if text.count(old) * len(new) > LONGEST:
        raise BadTemplate(f"the result is longer than {LONGEST // 1024} KiB")
    return text.replace(old, new)


def _regex(pattern: str) -> Any:
    try:
        options = re2.Options()
        options.log_errors = False
        return re2.compile(pattern, options)
    except re2.error as error:
        raise BadTemplate(f"{pattern} is no regular expression") from error


def _go_groups(replacement: str) -> str:
    """`${1}`, `$1` and `${name}` as Python writes them."""
    return re.sub(
        r"\$(?:\{(\w+)\}|(\w+)|\$)|\\",
        lambda found: "$" if found[0] == "$$" else "\\\\" if found[0] == "\\" else f"\\g<{found[1] or found[2]}>",
        replacement,
    )


def _regex_replace(pattern: str, text: str, replacement: str) -> str:
    try:
        return short(str(_regex(pattern).sub(_go_groups(replacement), text)))
    except (re2.error, re.error, IndexError) as error:
        raise BadTemplate(f"{replacement} refers to a group that is not in {pattern}") from error


def _regex_find(pattern: str, text: str) -> str:
    found = _regex(pattern).search(text)
    return str(found.group()) if found else ""


def _regex_find_all(pattern: str, text: str, most: int) -> list[str]:
    found = [each.group() for each in _regex(pattern).finditer(text)]
    return found if most < 0 else found[:most]


def _split(separator: str, text: str) -> dict[str, str]:
    return {f"_{index}": part for index, part in enumerate(_split_list(separator, text))}


def _split_list(separator: str, text: str) -> list[str]:
    return text.split(separator) if separator else list(text)


def _splitn(separator: str, count: int, text: str) -> dict[str, str]:
    parts = text.split(separator, count - 1) if count > 0 else []
    return {f"_{index}": part for index, part in enumerate(parts)}


def _base64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError as error:
        raise BadTemplate("it is not base64") from error


def _json(value: object) -> str:
    check_size(value)
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _concat(*values: object) -> list[object]:
    found = [each for value in values for each in items(value)]
    if len(found) > LONGEST:
        raise BadTemplate(f"the list is longer than {LONGEST:,}")
    return found


def _fail(message: str) -> object:
    raise BadTemplate(message)


def _divided(dividend: object, divisor: object) -> int:
    left, right = whole(dividend), whole(divisor)
    if not right:
        raise BadTemplate("the divisor is 0")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(dividend: object, divisor: object) -> int:
    return whole(dividend) - _divided(dividend, divisor) * whole(divisor)


def _product(*values: object) -> int:
    found = reduce(lambda left, right: left * right, map(whole, values))
    return (found + 2**63) % 2**64 - 2**63


def _title(text: str) -> str:
    return re.sub(r"(?<![\w'])\w", lambda found: found[0].upper(), text)


def _uniq(value: object) -> list[object]:
    found: list[object] = []
    for each in items(value)[:LONGEST]:
        if each not in found:
            found.append(each)
    return found


def _dict(*pairs: object) -> dict[str, object]:
    return {
        as_text(key): pairs[index * 2 + 1] if index * 2 + 1 < len(pairs) else "" for index, key in enumerate(pairs[::2])
    }


def _set(mapping: dict[str, object], key: str, value: object) -> Mapping[str, object]:
    """Mappings are never changed in place here: labels belong to somebody."""
    raise BadTemplate("set is not supported; write dict")


def _join(separator: str, value: object) -> str:
    return short(separator.join(texts(value)))


def _empty(value: object = None) -> bool:
    return not is_true(value)


def _default(other: object, value: object = None) -> object:
    return value if is_true(value) else other


def _first_true(values: Iterable[object]) -> object:
    return next((each for each in values if is_true(each)), None)


def _length(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping | list | tuple):
        return len(value)
    raise BadTemplate("it has no length")


def _extreme(choose: Callable[[list[int]], int]) -> Callable[..., int]:
    return lambda *values: choose([whole(each) for each in values])


def _until_step(start: object, stop: object, step: object) -> list[int]:
    found = range(whole(start), whole(stop), whole(step)) if whole(step) else range(0)
    if len(found) > LONGEST:
        raise BadTemplate(f"the list is longer than {LONGEST:,}")
    return list(found)


def _without(value: object, *gone: object) -> list[object]:
    return [each for each in items(value) if each not in gone]


def _keys(*mappings: Mapping[str, object]) -> list[str]:
    return [key for mapping in mappings for key in mapping]


def _edge(first: bool) -> Callable[[object], object]:
    def edge(value: object) -> object:
        found = items(value)
        return found[0 if first else -1] if found else None

    return edge


_BUILT_IN: Mapping[str, Callable[..., object]] = {
    "not": lambda value: not is_true(value),
    "len": _length,
    "index": _index,
    "eq": _equal,
    "ne": lambda left, right: not _equal(left, right),
    "lt": _compared(lambda left, right: left < right),
    "le": _compared(lambda left, right: left <= right),
    "gt": _compared(lambda left, right: left > right),
    "ge": _compared(lambda left, right: left >= right),
    "print": _print,
    "println": lambda *values: " ".join(map(as_text, values)) + "\n",
    "printf": _printf,
    "urlquery": lambda *values: quote_plus(_print(*values), safe="~"),
}
_OF_TEXTS: Mapping[str, Callable[..., object]] = {
    "trim": lambda text: string(text).strip(),
    "trimAll": lambda characters, text: text.strip(characters),
    "trimall": lambda characters, text: text.strip(characters),
    "trimPrefix": lambda prefix, text: text.removeprefix(prefix),
    "trimSuffix": lambda suffix, text: text.removesuffix(suffix),
    "upper": lambda text: string(text).upper(),
    "lower": lambda text: string(text).lower(),
    "title": lambda text: _title(string(text)),
    "untitle": lambda text: re.sub(r"(?<![\w'])\w", lambda found: found[0].lower(), string(text)),
    "repeat": _repeat,
    "substr": _substr,
    "nospace": lambda text: "".join(string(text).split()),
    "trunc": _trunc,
    "contains": lambda part, text: part in string(text),
    "hasPrefix": lambda prefix, text: string(text).startswith(prefix),
    "hasSuffix": lambda suffix, text: string(text).endswith(suffix),
    "quote": lambda *values: " ".join(
        json.dumps(as_text(each), ensure_ascii=False) for each in values if each is not None
    ),
    "squote": lambda *values: " ".join(f"'{as_text(each)}'" for each in values if each is not None),
    "cat": lambda *values: " ".join(as_text(each) for each in values if each is not None),
    "indent": _indent,
    "nindent": lambda spaces, text: "\n" + _indent(spaces, text),
    "replace": _replace,
    "sha256sum": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "sha1sum": lambda text: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
    "b64enc": lambda text: base64.b64encode(text.encode()).decode(),
    "b64dec": _base64,
    "b32enc": lambda text: base64.b32encode(text.encode()).decode(),
    "regexMatch": lambda pattern, text: _regex(pattern).search(text) is not None,
    "mustRegexMatch": lambda pattern, text: _regex(pattern).search(text) is not None,
    "regexFind": _regex_find,
    "regexFindAll": _regex_find_all,
    "regexReplaceAll": _regex_replace,
    "mustRegexReplaceAll": _regex_replace,
    "regexReplaceAllLiteral": lambda pattern, text, new: short(_regex(pattern).sub(lambda _: new, text)),
    "regexQuoteMeta": lambda text: re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text),
    "toString": as_text,
    "atoi": whole,
    "base": posixpath.basename,
    "dir": lambda path: posixpath.dirname(path) or ".",
    "ext": lambda path: posixpath.splitext(path)[1],
    "toJson": _json,
    "fail": _fail,
}
_OF_LISTS: Mapping[str, Callable[..., object]] = {
    "list": lambda *values: list(values),
    "tuple": lambda *values: list(values),
    "first": _edge(True),
    "last": _edge(False),
    "rest": lambda value: items(value)[1:],
    "initial": lambda value: items(value)[:-1],
    "reverse": lambda value: items(value)[::-1],
    "uniq": _uniq,
    "has": lambda item, value: item in items(value),
    "without": _without,
    "compact": lambda value: [each for each in items(value) if is_true(each)],
    "append": lambda value, item: [*items(value), item],
    "push": lambda value, item: [*items(value), item],
    "prepend": lambda value, item: [item, *items(value)],
    "concat": _concat,
    "slice": _slice,
    "until": lambda count: _until_step(0, count, 1 if whole(count) >= 0 else -1),
    "untilStep": _until_step,
    "join": _join,
    "split": _split,
    "splitList": _split_list,
    "splitn": _splitn,
    "sortAlpha": lambda value: sorted(texts(value)),
    "toStrings": texts,
    "dict": _dict,
    "get": lambda mapping, key: mapping.get(key, ""),
    "set": _set,
    "hasKey": lambda mapping, key: key in mapping,
    "keys": _keys,
    "values": lambda mapping: list(mapping.values()),
    "pick": lambda mapping, *names: {key: mapping[key] for key in names if key in mapping},
    "omit": lambda mapping, *names: {key: value for key, value in mapping.items() if key not in names},
    "default": _default,
    "empty": _empty,
    "coalesce": lambda *values: _first_true(values),
    "all": lambda *values: all(map(is_true, values)),
    "any": lambda *values: any(map(is_true, values)),
    "ternary": lambda yes, no, test: yes if test else no,
}
_OF_NUMBERS: Mapping[str, Callable[..., object]] = {
    "add": lambda *values: sum(map(whole, values)),
    "add1": lambda value: whole(value) + 1,
    "sub": lambda left, right: whole(left) - whole(right),
    "mul": _product,
    "div": _divided,
    "mod": _remainder,
    "max": _extreme(max),
    "min": _extreme(min),
    "int": whole,
    "int64": whole,
    "float64": number,
    "floor": lambda value: float(math.floor(number(value))),
    "ceil": lambda value: float(math.ceil(number(value))),
}
FUNCTIONS: Mapping[str, Callable[..., object]] = {**_BUILT_IN, **_OF_TEXTS, **_OF_LISTS, **_OF_NUMBERS}
"""By the names that templates call them. `and` and `or` are part of the language, see `kit.go_template`."""
