"""What `ctfy login` saved is what programs sign in with."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctfy.sdk import CtfyError, PlatformClient, hosts
from ctfy.sdk.aio import AsyncPlatformClient

A, B = "https://a.example.org", "https://b.example.org"


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CTFY_URL", "CTFY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CTFY_CONFIG_DIR", str(tmp_path))


@pytest.mark.parametrize("kind", [PlatformClient, AsyncPlatformClient])
def test_a_client_is_whoever_signed_in(kind: type[PlatformClient | AsyncPlatformClient]) -> None:
    with pytest.raises(CtfyError, match=r"not signed in to http://127.0.0.1:8100: ctfy login"):
        kind.from_login()
    hosts.save(hosts.Hosts(current=B, hosts={A: hosts.Host(token="a"), B: hosts.Host(token="b")}))
    assert (kind.from_login().base_url, kind.from_login().token) == (f"{B}/api/v1", "b")
    assert kind.from_login(f"{A}/").token == "a"


def test_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts.save(hosts.Hosts(current=B, hosts={A: hosts.Host(token="a"), B: hosts.Host(token="b")}))
    monkeypatch.setenv("CTFY_URL", A)
    assert PlatformClient.from_login().token == "a"
    monkeypatch.setenv("CTFY_TOKEN", "c")
    assert PlatformClient.from_login().token == "c"


def test_a_damaged_file_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "hosts.json").write_text("{")
    with pytest.raises(CtfyError, match=r"is damaged: remove it"):
        PlatformClient.from_login()
