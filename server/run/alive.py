"""Whether the processes of a container are alive: ``python -m server.run.alive`` ends with 0 if they are.

Each is asked at its probe socket in ``DEAL_DATA_DIR``, where a thread answers whatever the event loop does.
A web process that waits for Postgres or Redis is alive: a restart would help nobody.
"""

import sys
from pathlib import Path
from typing import Final

from server.observe.probe.asking import NoAnswer, vitals_of
from server.observe.probe.places import places, probe_folder
from server.settings import DEFAULT_DATA_DIR, process_environment

ASK_SECONDS: Final = 2.0
BLOCKED_SECONDS: Final = 30.0
"""An event loop that one callback has held up for so long will hardly go on."""


def main() -> int:
    """Return the exit code; what is wrong goes to standard error."""
    data_dir = Path(process_environment().get("DEAL_DATA_DIR") or DEFAULT_DATA_DIR)
    found = places(probe_folder(data_dir))
    wrong = [] if found else [f"no process answers in {data_dir}"]
    for place in found:
        try:
            blocked = vitals_of(place, ASK_SECONDS)["loop"]["blocked_ms"] / 1000
        except NoAnswer as error:
            wrong.append(str(error))
            continue
        if blocked > BLOCKED_SECONDS:
            wrong.append(f"{place.name} has been blocked for {blocked:.0f} s")
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
