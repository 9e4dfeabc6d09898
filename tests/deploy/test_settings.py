"""All deployment files agree with the product's settings, ports, limits and times."""

import re

import pytest

from server.hub.sockets.limits import FRAME_BYTES
from server.observe.ending import END_SECONDS, LAST_WORD_SECONDS
from server.run.app import PING_SECONDS
from server.run.procfile import PROCFILE, read_formation
from server.settings import DEFAULT_DRAIN_SECONDS, Settings
from server.web.api import MAX_BODY_BYTES
from tests.deploy.files import DEPLOY, PORT, ROOT, named_variables, texts, unit, variables

LAST_SECONDS = END_SECONDS + 2 * LAST_WORD_SECONDS
"""After its drain time a process ends within this, whatever hangs."""

NGINX, CADDY, HAPROXY = ((DEPLOY / name).read_text() for name in ("nginx.conf", "Caddyfile", "haproxy.cfg"))


@pytest.mark.parametrize(("name", "text"), [pytest.param(*each, id=each[0]) for each in texts()])
def test_every_variable_is_a_setting(name: str, text: str) -> None:
    """A variable that nothing reads would be set for nothing."""
    assert named_variables(text) <= variables()


def test_the_page_of_the_deployment_names_only_settings() -> None:
    """The same holds for what is said about the files."""
    for name in ("deploying.md", "upgrade.md"):
        assert named_variables((ROOT / "docs" / "operations" / name).read_text()) <= variables()


def test_the_environment_of_the_units_is_accepted() -> None:
    """The settings of the example are read as they stand, but for the secret."""
    lines = (DEPLOY / "systemd" / "environment").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = Settings.from_environment(given | {"DEAL_PORT": str(PORT)})
    assert settings.drain_seconds == DEFAULT_DRAIN_SECONDS
    assert settings.allowed_origins == ("https://deals.example.com",)
    assert settings.trusted_proxies and settings.stores_apart and not settings.demo


def test_proxies_wait_longer_than_two_pings_are_apart() -> None:
    """An idle WebSocket hears the server's ping before a time-out of the proxy ends it."""
    for name in ("proxy_read_timeout", "proxy_send_timeout"):
        assert int(_found(rf"{name} (\d+)s;", NGINX)) > 2 * PING_SECONDS
    for name in ("timeout client", "timeout server", "timeout tunnel"):
        assert int(_found(rf"{name} (\d+)s", HAPROXY)) > 2 * PING_SECONDS
    assert not re.search(r"^\s*(read|write)_timeout", CADDY, re.MULTILINE), "Caddy cuts nothing by itself"


def test_proxies_take_the_largest_request() -> None:
    """And not much more: what is larger ends before it reaches a process."""
    assert MAX_BODY_BYTES <= FRAME_BYTES
    for found in (
        int(_found(r"client_max_body_size (\d+)k;", NGINX)) * 1024,
        int(_found(r"max_size (\d+)KB", CADDY)) * 1000,
        int(_found(r"req.body_size gt (\d+)", HAPROXY)),
    ):
        assert MAX_BODY_BYTES < found <= 2 * MAX_BODY_BYTES


def test_proxies_say_whom_they_speak_for() -> None:
    """The server takes client addresses and TLS from these headers alone; Caddy sets them by itself."""
    assert "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" in NGINX
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in NGINX
    assert "proxy_set_header Upgrade $http_upgrade;" in NGINX
    assert "proxy_buffering off;" in NGINX
    assert "flush_interval -1" in CADDY
    assert "option forwardfor" in HAPROXY
    assert "http-request set-header X-Forwarded-Proto https" in HAPROXY
    for text in (NGINX, CADDY, HAPROXY):
        assert len(re.findall(rf"10\.0\.0\.1[1-4]:{PORT}", text)) == 4


def test_nginx_takes_no_process_for_dead() -> None:
    """It would take one back when a request has ended, which a WebSocket does not (``deploying.md``)."""
    servers = re.findall(r"server 10\.[\d.]+:\d+ (.*);", NGINX)
    assert servers == ["max_fails=0"] * 4


def test_proxies_ask_whether_a_process_lives() -> None:
    """Not whether its services do: all would be taken out at once, and people can work on."""
    assert _found(r"option httpchk GET (\S+)", HAPROXY) == _found(r"health_uri (\S+)", CADDY) == "/healthz"
    assert int(_found(r"timeout check (\d+)s", HAPROXY)) >= int(_found(r"health_timeout (\d+)s", CADDY))


@pytest.mark.parametrize(
    ("name", "process"), [("deal-web@.service", "web"), ("deal-worker@.service", "worker")]
)
def test_units_run_what_the_procfile_runs(name: str, process: str) -> None:
    """The same command, told to end in a way that lets it drain, and given the time for it."""
    found = unit(name)
    assert found["ExecStart"] == ["/opt/deal-architect/.venv/bin/" + command_of(process)]
    assert found["Type"] == ["notify"]
    assert found["StartLimitIntervalSec"] == ["0"], "they come back however long Postgres was away"
    assert found["KillMode"] == ["mixed"], "the computing processes serve until the main process ends"
    assert int(found["TimeoutStopSec"][0]) > DEFAULT_DRAIN_SECONDS + LAST_SECONDS
    assert found["RuntimeDirectoryPreserve"] == ["yes"], "one that ends leaves the others' sockets"
    assert not any("owner" in path for path in found["EnvironmentFile"])
    assert found["User"] == ["deal-architect"]


def test_the_image_is_small_and_closed() -> None:
    """The last stage has no build tool, no root, and no secret; its command is the Procfile's."""
    last = (DEPLOY / "Containerfile").read_text().split("\nFROM ")[-1]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert not re.search(r"\b(gcc|make|git|node|pip|venv)\b(?!/)", re.sub(r"\.venv", "", last))
    assert f"DEAL_PORT={PORT}" in last
    assert f"EXPOSE {PORT}" in last
    words = _found(r"^CMD (\[.*\])$", last)
    assert words.replace('", "', " ").strip('["]') == command_of("web")


def command_of(kind: str) -> str:
    """Return what the Procfile starts a process of a kind with."""
    (instance,) = read_formation(PROCFILE, {kind: 1})
    return " ".join(("python", *instance.argv[1:]))


def _found(pattern: str, text: str) -> str:
    """Return the group of the only place that a pattern matches."""
    (found,) = re.findall(pattern, text, re.MULTILINE)
    return str(found)
