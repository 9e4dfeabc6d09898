"""Take pictures of every state of the screen: ``make screens``, or ``python -m tests.screens``.

Starts the product on data of its own, opens each story of the gallery as a desk, a tablet, a phone and a 4K
screen, light and dark, and writes the pictures and a page that lists them. ``--record`` plays the demo's
people against that server first, and writes the recordings that the gallery shows.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from tests.screens.playing import record
from tests.screens.recording import Message
from tests.screens.shots import LOOKS, index, take_all
from tests.screens.stage import open_product

FOLDER = Path(".screens")
RECORDED = Path("client/web/src/gallery/recorded")


def picture(folder: Path, only: str, looks: list[str]) -> int:
    """Take the pictures, list them in a page, and return the exit code: 1 if a page had an error."""
    folder.mkdir(parents=True, exist_ok=True)

    async def take() -> tuple[list[str], list[str]]:
        async with open_product() as url:
            return await take_all(url, folder, only, looks)

    names, complaints = asyncio.run(take())
    (folder / "index.html").write_text(index(names, looks))
    print(f"{len(names)} stories, {len(looks)} looks: {folder / 'index.html'}")
    print(*complaints, sep="\n", file=sys.stderr)
    return 1 if complaints else 0


def record_all() -> int:
    """Record the demo's people, and write the recordings where the gallery imports them."""

    async def play() -> dict[str, Message]:
        async with open_product() as url:
            return await record(url)

    for name, recording in asyncio.run(play()).items():
        text = json.dumps(recording, separators=(",", ":"), ensure_ascii=False)
        (RECORDED / f"{name}.json").write_text(f"{text}\n")
    return 0


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.screens", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write the gallery's recordings anew")
    parser.add_argument("--only", default="", metavar="WORD", help="stories whose name has this word")
    parser.add_argument("--looks", default=",".join(LOOKS), help="of %(default)s")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for the pictures (%(default)s)")
    arguments = parser.parse_args()
    if arguments.record:
        return record_all()
    return picture(arguments.folder, arguments.only, arguments.looks.split(","))


if __name__ == "__main__":
    sys.exit(main())
