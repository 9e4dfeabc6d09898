"""Reads our cookies from a header that may also hold cookies of other sites on the domain.

Python's parser drops the whole header if one cookie is malformed. This one reads each cookie separately and
takes those with exactly our name and a value that we could have set.
"""

import re
from typing import Final

from starlette.datastructures import Headers

HOST_PREFIX: Final = "__Host-"
"""With this prefix a browser accepts a cookie only over https, for the whole site and from this exact host:
no sibling under the same domain can set it.
"""

_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


def name_of(name: str, *, secure: bool) -> str:
    """Return the full name of the cookie ``name``: with the prefix if it is sent over https."""
    return HOST_PREFIX + name if secure else name


def cookie_of(headers: Headers, name: str) -> str:
    """Return the value of the cookie called ``name``, or an empty string.

    If a name has several values, all are ignored, because there is no way to tell which is ours.
    """
    found = {
        value.strip(" \t")
        for line in headers.getlist("cookie")
        for called, equals, value in (pair.partition("=") for pair in line.split(";"))
        if equals and called.strip(" \t") == name
    }
    value = found.pop() if len(found) == 1 else ""
    return value if _VALUE.fullmatch(value) else ""
