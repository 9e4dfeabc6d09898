"""The environment becomes settings, or one clear error."""

from pathlib import Path

import pytest

from server.environment import SettingsError
from server.keep import Keep
from server.secret_files import VARIABLES, with_secret_files
from server.settings import Settings, listen_address, secret_of

ADDRESSES = {"DATABASE_URL": "postgresql://deal_app@db/deal", "REDIS_URL": "redis://cache:6379/0"}


def test_defaults() -> None:
    """With the two addresses alone, everything else has a default that is safe on one machine."""
    settings = Settings.from_environment(ADDRESSES)
    assert settings.database_owner_url == settings.database_url
    assert (settings.host, settings.port, settings.demo) == ("127.0.0.1", 8000, False)
    assert settings.allowed_origins == ("http://127.0.0.1:8000", "http://localhost:8000")
    assert settings.trusted_proxies == ()
    assert settings.metrics_from == ("127.0.0.0/8", "::1")
    assert settings.keep == Keep(contracts=84, applications=25, lost=84, security=84, links=3)


def test_the_default_origins_follow_the_port() -> None:
    """A page of another port of this machine is a foreign one."""
    settings = Settings.from_environment({**ADDRESSES, "DEAL_PORT": "9000"})
    assert settings.allowed_origins == ("http://127.0.0.1:9000", "http://localhost:9000")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://db/deal"),
        ("DATABASE_OWNER_URL", "db"),
        ("DATABASE_SEARCH_URL", "postgresql://one/deal two"),
        ("DEAL_POOLER", "session"),
        ("REDIS_URL", "cache:6379"),
        ("DEAL_PORT", "0"),
        ("DEAL_PORT", "65536"),
        ("DEAL_PORT", "http"),
        ("DEAL_PORT", "-1"),
        ("DEAL_DEMO", "maybe"),
        ("DEAL_ALLOWED_ORIGINS", "deals.example.com"),
        *(("DEAL_TRUSTED_PROXIES", proxy) for proxy in ("*", "proxy.example", "10.0.0.0/33", "10.0.0.1/8")),
        *(("DEAL_TRUSTED_PROXIES", proxy) for proxy in ("10.0.0.1,x", "10.0.0.1:80", "0.0.0.0/0", "::/0")),
        *(("DEAL_METRICS_FROM", network) for network in ("*", "0.0.0.0/0", "monitor.example", "10.0.0.1/8")),
        ("DEAL_POOL_MAX", "0"),
        ("DEAL_POOL_MIN", "11"),
        ("DEAL_JOB_LEASE_MS", "1"),
        ("DEAL_SEARCH_LEASE_MS", "0"),
        ("DEAL_JOB_OVERDUE_MS", "soon"),
        ("DEAL_STATEMENT_TIMEOUT_MS", "1.5"),
        ("DEAL_LOG_LEVEL", "loud"),
        ("DEAL_REDIS_UID", "redis"),
        ("DEAL_KEEP_CONTRACTS", "23"),
        ("DEAL_KEEP_APPLICATIONS", "24"),
        ("DEAL_KEEP_LOST", "0"),
        ("DEAL_KEEP_SECURITY", "never"),
        ("DEAL_KEEP_LINKS", "601"),
    ],
)
def test_a_wrong_value_is_named(variable: str, value: str) -> None:
    """The error names the variable and what it must be, on one line."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**ADDRESSES, variable: value})
    assert caught.value.variable == variable
    assert str(caught.value).startswith(f"{variable} must be ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "deals.example.com"])  # noqa: S104 - refused here
def test_no_demo_for_others(host: str) -> None:
    """Sign-in without a password is for this machine alone."""
    with pytest.raises(SettingsError, match="DEAL_DEMO"):
        Settings.from_environment({**ADDRESSES, "DEAL_DEMO": "1", "DEAL_HOST": host})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_demo_on_loopback(host: str) -> None:
    """On loopback the demo may be on."""
    assert Settings.from_environment({**ADDRESSES, "DEAL_DEMO": "1", "DEAL_HOST": host}).demo


@pytest.mark.parametrize(
    "origins",
    [
        "https://deals.example.com",
        "http://127.0.0.1:8000,https://deals.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://192.0.2.7:8000",
        "http://[",
    ],
)
def test_no_demo_for_pages_from_elsewhere(origins: str) -> None:
    """Whoever names such an origin means to serve others; the error names both variables."""
    with pytest.raises(SettingsError, match=r"DEAL_DEMO .*DEAL_ALLOWED_ORIGINS"):
        Settings.from_environment({**ADDRESSES, "DEAL_DEMO": "1", "DEAL_ALLOWED_ORIGINS": origins})


def test_demo_for_pages_from_here() -> None:
    """However this machine names itself."""
    origins = "http://127.0.0.1:9000,https://localhost,http://[::1]:8000"
    assert Settings.from_environment({**ADDRESSES, "DEAL_DEMO": "1", "DEAL_ALLOWED_ORIGINS": origins}).demo


def test_a_child_gets_the_same_settings() -> None:
    """Settings handed over as an environment are read back unchanged."""
    settings = Settings.from_environment(
        {
            **ADDRESSES,
            "DATABASE_OWNER_URL": "postgres://deal_owner@db/deal",
            "DEAL_PORT": "9000",
            "DEAL_DEMO": "1",
            "DEAL_ALLOWED_ORIGINS": "https://localhost/, http://[::1]:9000",
            "DEAL_TRUSTED_PROXIES": "10.0.0.1, 2001:DB8::/32,",
            "DEAL_METRICS_FROM": "10.1.0.0/16,127.0.0.1",
            "DEAL_POOL_MAX": "1",
            "DEAL_LOG_LEVEL": "DEBUG",
            "NOTIFY_SOCKET": "/run/notify",
            "DEAL_SECRET": "0123456789abcdef0123456789abcdef",
            "DEAL_SECRET_ACCEPTED": "fedcba9876543210fedcba9876543210",
        }
    )
    assert settings.trusted_proxies == ("10.0.0.1", "2001:db8::/32")
    assert settings.metrics_from == ("10.1.0.0/16", "127.0.0.1")
    assert Settings.from_environment(settings.environment()) == settings
    assert listen_address(settings.environment()) == ("127.0.0.1", 9000)


@pytest.mark.parametrize("secret", ["", "changeme", "0123456789abcdef0123456789abcde", "abcdefgh" * 8])
def test_a_weak_secret_is_refused(secret: str) -> None:
    """Outside demo mode nothing is signed with what could be guessed, and the error does not repeat it."""
    settings = Settings.from_environment({**ADDRESSES, "DEAL_SECRET": secret})
    with pytest.raises(SettingsError, match="DEAL_SECRET must be at least 32 random characters") as caught:
        secret_of(settings)
    assert not secret or secret not in str(caught.value)


def test_the_secret_is_not_shown() -> None:
    """Whatever logs the settings does not log the secret; in demo mode each process can make its own."""
    secret = "0123456789abcdef0123456789ABCDEF"
    settings = Settings.from_environment({**ADDRESSES, "DEAL_SECRET": secret})
    assert secret_of(settings) == secret.encode()
    assert secret not in repr(settings)
    assert "redis://" not in repr(settings)  # an address may hold a password
    assert "postgresql://" not in repr(settings)
    demo = Settings.from_environment({**ADDRESSES, "DEAL_DEMO": "1"})
    assert len(secret_of(demo)) >= 32
    assert secret_of(demo) != secret_of(demo)


def test_a_weak_accepted_secret_is_refused() -> None:
    """It opens the same doors as the secret, also in demo mode."""
    settings = Settings.from_environment({**ADDRESSES, "DEAL_DEMO": "1", "DEAL_SECRET_ACCEPTED": "changeme"})
    with pytest.raises(SettingsError, match="DEAL_SECRET_ACCEPTED must be at least 32 random characters"):
        secret_of(settings)


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_secret_may_be_in_a_file(variable: str, tmp_path: Path) -> None:
    """Its variable is then set as if it had been given; the name of the file is passed on to nobody."""
    file = tmp_path / "secret"
    file.write_text("rediss://user:word@cache/0\n")
    assert with_secret_files({f"{variable}_FILE": str(file), "HOME": "/"}) == {
        variable: "rediss://user:word@cache/0",
        "HOME": "/",
    }


@pytest.mark.parametrize(
    ("content", "more", "expected"),
    [
        (None, {}, "a file that this account can read .*No such file"),
        (b"", {}, "a file with one line .*none"),
        (b"one\ntwo\n", {}, "a file with one line .*more"),
        (b"\xff\xfe", {}, "a file that this account can read .*UTF-8"),
        (b"a" * 9_000, {}, "a file of at most 8,192 bytes"),
        (b"a", {"DEAL_SECRET": "b"}, "unset if DEAL_SECRET is set"),
    ],
)
def test_a_wrong_secret_file_is_named(
    content: bytes | None, more: dict[str, str], expected: str, tmp_path: Path
) -> None:
    """The error names the variable, and does not repeat what is in the file."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=f"DEAL_SECRET_FILE must be .*{expected}"):
        with_secret_files({"DEAL_SECRET_FILE": str(file), **more})


def test_replicas_are_separated_by_spaces() -> None:
    """And reach a child process as they were."""
    replicas = ("postgresql://one,two/deal", "postgresql://three/deal")
    settings = Settings.from_environment({**ADDRESSES, "DATABASE_SEARCH_URL": "  ".join(replicas)})
    assert settings.database_search_urls == replicas
    assert Settings.from_environment(settings.environment()).database_search_urls == replicas
    assert Settings.from_environment(ADDRESSES).database_search_urls == ()


def test_behind_a_pooler_there_is_an_address_to_listen_at() -> None:
    """Notifications do not come through one that lends connections for a transaction."""
    with pytest.raises(SettingsError, match="DATABASE_LISTEN_URL"):
        Settings.from_environment({**ADDRESSES, "DEAL_POOLER": "transaction"})
    direct = {"DEAL_POOLER": "transaction", "DATABASE_LISTEN_URL": "postgresql://direct/deal"}
    settings = Settings.from_environment({**ADDRESSES, **direct})
    assert settings.is_pooled
    assert Settings.from_environment(settings.environment()).is_pooled


def test_a_secret_where_its_file_should_be_is_not_repeated() -> None:
    """An error of the start is in every log."""
    with pytest.raises(SettingsError) as caught:
        with_secret_files({"DATABASE_URL_FILE": "postgresql://deal_app:word@db/deal"})
    assert "word" not in str(caught.value)
