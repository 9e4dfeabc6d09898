"""Reads our cookies from a header that may also hold cookies of other sites on the domain.

Python's parser drops the whole header if one cookie is malformed. This one reads each cookie separately and
takes those with exactly our name and a value that we could have set.
"""

import re
from typing import Final

from starlette.datastructures import Headers

HOST_PREFIX: Final = "__Host-"
"""With this prefix a browser takes a cookie over https only, for the whole site, and from this very host: no
sibling under the same domain can set it.
"""

_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


def name_of(name: str, *, secure: bool) -> str:
    """Return what the cookie ``name`` is called: with the prefix where it travels over https."""
    return HOST_PREFIX + name if secure else name


def cookie_of(headers: Headers, name: str) -> str:
    """Return the value of the cookie called ``name``, or an empty string.

    Cookies of one name with several values count for nothing: nobody knows which of them is ours.
    """
    found = {
        value.strip(" \t")
        for line in headers.getlist("cookie")
        for called, equals, value in (pair.partition("=") for pair in line.split(";"))
        if equals and called.strip(" \t") == name
    }
    value = found.pop() if len(found) == 1 else ""
    return value if _VALUE.fullmatch(value) else ""
