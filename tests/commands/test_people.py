"""Stores, people and tokens from the terminal: what is asked, what is refused, what is never shown."""

import csv
import io
import json
import subprocess
import sys

import pytest

from server.database.people.users import password_fault
from server.run.privileges import without_owner
from server.settings import Settings, process_environment
from tests.commands.here import run_here
from tests.services import ROOT

pytestmark = pytest.mark.flow

PASSWORD = "correct horse battery"
GUARD_SECONDS = 60.0


def run(settings: Settings, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command against the test's services."""
    environ = process_environment() | settings.environment() | {"COLUMNS": "200", "NO_COLOR": "1"}
    return run_here(*words, environ=environ, stdin=stdin)


def said(settings: Settings, *words: str, stdin: str = "") -> str:
    """Run a command that works, and return what it printed."""
    done = run(settings, *words, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(settings: Settings, *words: str, stdin: str = "") -> str:
    """Run a command that fails, and return the one line that says why."""
    done = run(settings, *words, stdin=stdin)
    assert done.returncode == 1, done
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("error: ").rstrip()


def test_a_store_from_nothing(settings: Settings) -> None:
    """Store, people, tokens: everything that a real database needs before somebody signs in."""
    said(settings, "store", "add", "lakeside", "--name", "Lakeside", "--state", "OH", "--group", "lake")
    assert said(settings, "store", "list") == "lakeside  Lakeside  OH  lake\n"
    who = ("--name", "Ann Lee", "--role", "desk_manager", "--store", "lakeside", "--password-stdin")
    said(settings, "user", "add", "ann", *who, stdin=PASSWORD + "\n")
    assert said(settings, "user", "list") == "ann  Ann Lee  desk_manager  lakeside\n"
    said(settings, "user", "change", "ann", "--role", "salesperson", "--inactive")
    assert (
        said(settings, "user", "list", "--store", "lakeside")
        .rstrip()
        .endswith("salesperson  lakeside  inactive")
    )
    said(settings, "user", "change", "ann", "--active")
    printed = said(settings, "token", "--user", "ann", "--scope", "load", "--label", "trial").splitlines()
    assert printed[0].endswith("for load, read:")
    listed = said(settings, "tokens", "--user", "ann")
    assert "load,read" in listed
    assert "trial" in listed
    assert printed[-1] not in listed
    number = listed.split()[0]
    assert said(settings, "revoke-token", number) == f"token {number} revoked\n"
    assert said(settings, "tokens", "--user", "ann") == ""
    assert refused(settings, "revoke-token", number) == f"id: there is no active token {number}"
    said(settings, "token", "--user", "ann")
    assert said(settings, "user", "sign-out", "ann") == "0 credentials revoked\n"
    assert said(settings, "user", "sign-out", "ann", "--tokens") == "1 credentials revoked\n"
    said(settings, "user", "password", "ann", "--password-stdin", stdin="another " + PASSWORD)


def test_who_comes_back_begins_anew(settings: Settings) -> None:
    """What a person held when they were made inactive is revoked, and stays so when they are active again."""
    said(settings, "store", "add", "lakeside", "--name", "Lakeside", "--state", "OH", "--group", "lake")
    who = ("--name", "Ann Lee", "--role", "desk_manager", "--store", "lakeside", "--password-stdin")
    said(settings, "user", "add", "ann", *who, stdin=PASSWORD)
    said(settings, "token", "--user", "ann")
    number = said(settings, "tokens", "--user", "ann").split()[0]
    said(settings, "user", "change", "ann", "--inactive")
    said(settings, "user", "change", "ann", "--active")
    assert said(settings, "tokens", "--user", "ann") == ""
    assert refused(settings, "revoke-token", number) == f"id: there is no active token {number}"


def test_what_is_done_at_the_terminal_is_written_down(settings: Settings) -> None:
    """Each change of a person is an event, with no password or token in it; old ones are deleted by day."""
    said(settings, "store", "add", "lakeside", "--name", "Lakeside", "--state", "OH", "--group", "lake")
    who = ("--name", "Ann Lee", "--role", "desk_manager", "--store", "lakeside", "--password-stdin")
    said(settings, "user", "add", "ann", *who, stdin=PASSWORD)
    said(settings, "user", "change", "ann", "--role", "operator")
    said(settings, "user", "password", "ann", "--password-stdin", stdin="another " + PASSWORD)
    made = said(settings, "token", "--user", "ann", "--label", "=1+1").splitlines()[-1]
    said(settings, "revoke-token", said(settings, "tokens", "--user", "ann").split()[0])
    said(settings, "user", "sign-out", "ann", "--tokens")
    refused(settings, "user", "change", "ann", "--store", "nowhere")
    listed = said(settings, "security-events")
    events = [json.loads(line) for line in listed.splitlines()]
    assert [event["kind"] for event in reversed(events)] == [
        *("user_added", "user_changed", "password_changed", "token_made", "token_revoked", "sessions_ended")
    ]
    assert {(event["login"], event["store_id"], event["detail"]["by"]) for event in events} == {
        ("ann", "lakeside", "terminal")
    }
    assert PASSWORD not in listed
    assert made not in listed
    printed = said(settings, "security-events", "--format", "csv", "--kind", "token_made", "--who", "Ann")
    [row] = csv.DictReader(io.StringIO(printed))
    assert (row["kind"], row["login"]) == ("token_made", "ann")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())
    assert said(settings, "security-events", "--since", "2199-01-01") == ""
    assert run(settings, "security-events", "--since", "soon").returncode == 2
    assert said(settings, "security-events", "--purge-before", "2020-01-01") == "0 rows deleted\n"
    assert said(settings, "security-events", "--purge-before", "2199-01-01") == "6 rows deleted\n"
    assert said(settings, "security-events") == ""


def test_what_does_not_fit_is_named(settings: Settings) -> None:
    """Each refusal names the field and what was expected, and changes nothing."""
    store = ("--name", "Lakeside", "--group", "lake")
    assert refused(settings, "store", "add", "Lake side", *store, "--state", "OH").startswith("store: ")
    assert refused(settings, "store", "add", "lakeside", *store, "--state", "Ohio").startswith("state: ")
    nowhere = ("--like", "nowhere", "--state", "OH")
    assert (
        refused(settings, "store", "add", "lakeside", *store, *nowhere) == "like: there is no store nowhere"
    )
    assert said(settings, "store", "list") == ""
    who = ("--name", "Ann", "--role", "operator", "--store", "lakeside", "--password-stdin")
    assert (
        refused(settings, "user", "add", "ann", *who, stdin=PASSWORD) == "store: there is no store lakeside"
    )
    said(settings, "store", "add", "lakeside", *store, "--state", "OH")
    assert refused(settings, "user", "add", "ann", *who, stdin="short").startswith("password: expected 12")
    assert refused(settings, "user", "add", "Ann!", *who, stdin=PASSWORD).startswith("login: ")
    said(settings, "user", "add", "ann", *who, stdin=PASSWORD)
    assert refused(settings, "user", "add", "ann", *who, stdin=PASSWORD) == "login: ann is taken"
    assert refused(settings, "user", "change", "bob", "--inactive") == "login: there is no user bob"
    assert refused(settings, "user", "change", "ann", "--store", "x") == "store: there is no store x"
    long = refused(settings, "user", "change", "ann", "--name", "x" * 101)
    assert long == "name: expected at most 100 bytes"
    unseen = "name: expected one line without control or invisible characters"
    for name in ("Ann\u202eeeL", "Ann\u200b", "Ann\x1b[2J", "Ann\nLee"):
        assert refused(settings, "user", "change", "ann", "--name", name) == unseen
        assert (
            refused(settings, "store", "add", "seaside", "--name", name, *store[2:], "--state", "OH")
            == unseen
        )
        assert refused(settings, "token", "--user", "ann", "--label", name) == unseen.replace("name", "label")
    assert run(settings, "user", "change", "ann").returncode == 2
    beyond = "99999999999999999999"
    for field, words in {
        "discount-authority-cents": ("user", "change", "ann"),
        "cash-step-cents": ("store", "change", "lakeside"),
        "grid-step-cents": ("store", "change", "lakeside"),
    }.items():
        for amount in ("10000000001", beyond):
            line = refused(settings, *words, f"--{field}", amount)
            assert line.startswith(f"{field}: expected "), line
    line = refused(settings, "store", "change", "lakeside", "--score-edges", f"1,2,3,{beyond}")
    assert line.startswith("score-edges: expected "), line
    assert run(settings, "revoke-token", beyond).returncode == 2


@pytest.mark.parametrize("month", ["0001-01", "1989-12", "2201-01", "9999-12"])
def test_a_month_of_no_contract_is_refused(settings: Settings, month: str) -> None:
    """With the months that can be, and no traceback."""
    done = run(settings, "report-markup", "--month", month)
    assert done.returncode == 2
    assert "expected a month from 1990-01 to 2200-12" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("elevenchars", "expected 12"),
        ("x" * 1025, "expected 12"),
        ("abcabcabcabcabc", "different characters"),
        ("xx-Ann-Lee-2026", "does not contain the login"),
        ("passwordpassword", "harder to guess"),
    ],
)
def test_what_a_password_must_be(password: str, fault: str) -> None:
    """Length counts, not kinds of characters; nobody's password is their login."""
    assert fault in (password_fault(password, "ann") or "")
    assert password_fault(PASSWORD, "ann") is None


def test_no_secret_no_server(settings: Settings) -> None:
    """Outside demo mode a web process does not start without a secret, and says how to make one."""
    plain = Settings.from_environment(settings.environment() | {"DEAL_DEMO": "0", "DEAL_SECRET": "changeme"})
    done = subprocess.run(
        [sys.executable, "-m", "server", "web"],
        cwd=ROOT,
        env=without_owner(process_environment() | plain.environment()),
        capture_output=True,
        text=True,
        check=False,
        timeout=GUARD_SECONDS,
    )
    said_why = done.stderr.removeprefix("error: ")
    assert (done.returncode, said_why.count("\n")) == (1, 1)
    assert said_why.startswith("DEAL_SECRET must be at least 32 random characters")
    assert "changeme" not in said_why
