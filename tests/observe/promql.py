"""Reads PromQL as strictly as our rules and panels need it, where promtool is missing."""

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s*(?:
    (?P<name>[a-zA-Z_][a-zA-Z0-9_:]*)
    |(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![a-zA-Z_])
    |(?P<text>"(?:[^"\\]|\\.)*")
    |(?P<span>\[(?:\d+[smhd]|\$__rate_interval)\])
    |(?P<mark>==|!=|>=|<=|=~|!~|[-+*/(){},<>=])
    )""",
    re.VERBOSE,
)
_FUNCTIONS: Final = frozenset({"rate", "increase", "histogram_quantile", "absent", "count_over_time"})
_AGGREGATIONS: Final = frozenset({"sum", "max", "min", "count", "topk"})
_OVER_TIME: Final = frozenset({"rate", "increase", "count_over_time"})
_OPERATORS: Final = (("or",), ("and", "unless"), ("==", "!=", ">=", "<=", ">", "<"), ("+", "-"), ("*", "/"))


class NotPromQL(Exception):
    """An expression that Prometheus would refuse, or that uses what none of ours needs."""


class Query:
    """An expression, parsed. ``metrics`` are the names that it selects."""

    def __init__(self, text: str) -> None:
        self.metrics: set[str] = set()
        self._tokens = [*_tokens(text)]
        self._at = 0
        self._binary(0)
        if self._at < len(self._tokens):
            raise NotPromQL(f"{text}: {self._tokens[self._at]!r} was not expected")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *expected: str) -> str:
        token = self._peek()
        if not token or (expected and token not in expected):
            raise NotPromQL(f"expected {' or '.join(expected) or 'more'}, found {token!r}")
        self._at += 1
        return token

    def _binary(self, level: int) -> None:
        if level == len(_OPERATORS):
            self._value()
            return
        self._binary(level + 1)
        while self._peek() in _OPERATORS[level]:
            self._take()
            self._binary(level + 1)

    def _value(self) -> None:
        token = self._take()
        if token == "(":
            self._binary(0)
            self._take(")")
        elif token[0].isdigit():
            return
        elif token == "time":
            self._take("(")
            self._take(")")
        elif token in _AGGREGATIONS:
            self._aggregation(token)
        elif token in _FUNCTIONS:
            self._take("(")
            if token == "histogram_quantile":
                self._number()
                self._take(",")
            before = self._at
            self._binary(0)
            if token in _OVER_TIME and not any(
                each.startswith("[") for each in self._tokens[before : self._at]
            ):
                raise NotPromQL(f"{token} needs a range")
            self._take(")")
        elif re.fullmatch(r"[a-z][a-z0-9_]*", token):
            self._selection(token)
        else:
            raise NotPromQL(f"{token!r} was not expected")

    def _aggregation(self, token: str) -> None:
        if self._peek() == "by":
            self._take()
            self._names()
        self._take("(")
        if token == "topk":
            self._number()
            self._take(",")
        self._binary(0)
        self._take(")")

    def _names(self) -> None:
        self._take("(")
        self._take()
        while self._peek() == ",":
            self._take()
            self._take()
        self._take(")")

    def _number(self) -> None:
        if not self._take()[0].isdigit():
            raise NotPromQL("a number was expected")

    def _selection(self, name: str) -> None:
        self.metrics.add(name)
        if self._peek() == "{":
            self._take()
            while self._peek() != "}":
                self._take()
                self._take("=", "!=", "=~", "!~")
                if not self._take().startswith('"'):
                    raise NotPromQL(f"{name}: a text was expected")
                if self._peek() == ",":
                    self._take()
                elif self._peek() != "}":
                    raise NotPromQL(f"{name}: a comma was expected")
            self._take("}")
        if self._peek().startswith("["):
            self._take()


def _tokens(text: str) -> Iterator[str]:
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotPromQL(f"{text[at:]!r} is no PromQL")
        yield next(part for part in found.groups() if part is not None)
        at = found.end()
