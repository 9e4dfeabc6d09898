"""What REDIS_URL may say, and what is said of one that is not understood."""

from pathlib import Path

import pytest

from server.environment import SettingsError
from server.redis_address import AddressError, Kind, parse
from server.settings import Settings


@pytest.mark.parametrize("url", ["redis://cache:6379/0", "rediss://u:p@cache", "unix:///run/redis.sock?db=3"])
def test_one_server_is_named_as_redis_py_has_it(url: str) -> None:
    """Nothing is read into such an address."""
    address = parse(url)
    assert (address.kind, address.url, address.nodes) == (Kind.SINGLE, url, ())


def test_a_cluster_is_named_by_some_nodes(tmp_path: Path) -> None:
    """Each node is reached with the same login and files, by its own host and port."""
    authority = tmp_path / "ca.pem"
    authority.touch()
    address = parse(f"rediss+cluster://deal:p%40ss@a:7000,b,[::1]:7002/0?ssl_ca_certs={authority}")
    assert address.kind is Kind.CLUSTER
    assert address.nodes == (("a", 7000), ("b", 6379), ("::1", 7002))
    quoted = str(authority).replace("/", "%2F")
    assert address.url_of(("c", 7)) == f"rediss://deal:p%40ss@c:7?ssl_ca_certs={quoted}"
    assert address.url_of(("::1", 7)).startswith("rediss://deal:p%40ss@[::1]:7?")


def test_sentinels_name_a_service_and_have_a_login_of_their_own() -> None:
    """The database is that of the master."""
    address = parse("redis+sentinel://deal:pw@s1,s2:5/deals/3?sentinel_username=see&sentinel_password=a/b")
    assert (address.kind, address.service) == (Kind.SENTINEL, "deals")
    assert address.nodes == (("s1", 26379), ("s2", 5))
    assert address.url_of(("m", 6379)) == "redis://deal:pw@m:6379/3"
    assert address.url_of_sentinel(("s1", 26379)) == "redis://see:a%2Fb@s1:26379"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("cache:6379", "begins with redis://"),
        ("redis+other://a", "redis+cluster://"),
        ("unix+cluster:///run/redis.sock", "redis+cluster://"),
        ("redis+cluster://", "host:port"),
        ("redis+cluster://a:7000,,b:7000", "host:port"),
        ("redis+cluster://a:port", "number 1 is not host:port"),
        ("redis+cluster://a,b:port", "number 2 is not host:port"),
        ("redis://a:port", "host:port"),
        ("redis+cluster://u:secret@a,u:secret@b", "host:port"),
        ("redis+cluster://[::1", "host:port"),
        ("redis+cluster://a:7000/3", "only database 0"),
        ("redis+cluster://a:7000?socket_timeout=3", "without 'socket_timeout'"),
        ("redis+cluster://a?sentinel_password=x", "without 'sentinel_password'"),
        ("redis+sentinel://a:26379", "the service is the name"),
        ("redis+sentinel://a:26379/deals/first", "the service is the name"),
        ("rediss://a?ssl_ca_certs=/nowhere/ca.pem", "readable file as ssl_ca_certs (/nowhere/ca.pem"),
        ("rediss+cluster://a?ssl_keyfile=/nowhere/key.pem", "readable file as ssl_keyfile"),
        ("redis://a?ssl_ca_certs=/etc/hosts", "begins with rediss, or without ssl_ca_certs"),
        ("unix:///run/redis.sock?ssl_cert_reqs=none", "begins with rediss"),
        ("redis+cluster://a?ssl_ca_certs=/etc/hosts", "begins with rediss"),
        ("redis+sentinel://a/deals?ssl_check_hostname=true", "begins with rediss"),
        ("rediss://a?ssl_cert_reqs=nonne", "none or optional or required as ssl_cert_reqs"),
        ("rediss+cluster://a?ssl_min_version=TLSv1.3", "771 or 772 as ssl_min_version"),
        ("rediss+sentinel://a/deals?ssl_check_hostname=maybe", "true or false as ssl_check_hostname"),
        ("rediss://a?ssl_ca_certs=", "readable file as ssl_ca_certs"),
    ],
)
def test_what_is_not_understood_is_named(url: str, expected: str) -> None:
    """The setting is named, what was expected is said, and no password is shown."""
    with pytest.raises(AddressError) as caught:
        parse(url)
    assert expected in caught.value.expected
    with pytest.raises(SettingsError, match="REDIS_URL must be") as named:
        Settings.from_environment({"DATABASE_URL": "postgresql://db", "REDIS_URL": url})
    assert "secret" not in str(named.value)


@pytest.mark.parametrize("scheme", ["redis", "rediss+cluster", "redis+sentinel"])
@pytest.mark.parametrize("mark", ["/", "?", "#", "@", ",", "[", "]", "//", "?a=", "/@", "?ssl_ca_certs=/x&"])
def test_no_part_of_a_login_is_shown(scheme: str, mark: str) -> None:
    """A password that is not percent-encoded is cut anywhere; what is left of it is not quoted."""
    login = f"dealer:s3cr3t{mark}Zm9v"
    try:
        address = parse(f"{scheme}://{login}@h:1/deals")
    except AddressError as error:
        assert not [part for part in ("dealer", "s3cr3t", "Zm9v") if part in str(error)]
        assert "percent-encoded" in str(error)
    else:
        assert (address.kind, mark) in {(Kind.SINGLE, "@"), (Kind.SINGLE, ",")}
