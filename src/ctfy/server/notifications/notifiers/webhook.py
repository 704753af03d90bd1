"""Signed webhooks, as https://www.standardwebhooks.com describes them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import time

import httpx

from ctfy.core.outward import may_connect
from ctfy.server.notifications.notifiers.base import (
    TIMEOUT_S,
    Delivery,
    Destination,
    NotAnAddress,
    Notifier,
    Outcome,
    one_line,
)

SECRET_PREFIX = "whsec_"
_LATER = (408, 425, 429)  # refused now, and not for what it is
_MOST_ANSWER = 4096
_MOST_TRIED = 3


class Webhook(Notifier):
    """A POST of JSON to a URL."""

    name = "webhook"
    signs = True

    async def shown(self, address: str) -> str:
        """The host alone: a path or a query may be what keeps others out."""
        url = _url(address)
        return f"{url.scheme}://{url.netloc.decode()}/…"

    async def send(self, delivery: Delivery, to: Destination) -> Outcome:
        """Send it to an address that the host's name leads to, and no redirect further."""
        body = json.dumps(
            {
                "id": delivery.id,
                "created_at": delivery.created_at.isoformat(),
                "platform": delivery.platform,
                "url": delivery.url,
                "events": delivery.events,
            },
            ensure_ascii=False,
        ).encode()
        try:
            url = _url(to.address)
            async with asyncio.timeout(TIMEOUT_S):
                return await _post(url, body, _headers(delivery.id, to.secret, body), to.networks)
        except NotAnAddress as error:
            return Outcome(False, str(error))
        except TimeoutError:
            return Outcome(False, f"no answer within {TIMEOUT_S:.0f} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Outcome(False, one_line(f"{type(error).__name__}: {error}"))


def _url(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise NotAnAddress(f"is no URL: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise NotAnAddress("must be a URL, as https://example.org/hook")
    return url


def _headers(id_: str, secret: str, body: bytes) -> dict[str, str]:
    at = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    mac = hmac.new(key, f"{id_}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "ctfy",
        "webhook-id": id_,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


async def _addresses(url: httpx.URL, networks: list[str]) -> list[str]:
    """Where the host's name leads. Raises NotAnAddress where any of it must not be reached."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            url.host, port, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        raise NotAnAddress(f"{url.host} leads nowhere") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    for address in addresses:
        if not may_connect(address, networks):
            leads = "" if address == url.host else f"{url.host} leads to {address}, which "
            raise NotAnAddress(f"{leads or f'{address} '}is not a public address")
    return addresses[:_MOST_TRIED]


async def _post(
    url: httpx.URL, body: bytes, headers: dict[str, str], networks: list[str]
) -> Outcome:
    named = {"Host": url.netloc.decode(), **headers}
    addresses = await _addresses(url, networks)
    # No proxy of the environment: it would look the name up once more, and go where that leads.
    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as client:
        for address in addresses:
            # To the very address that was looked at; the certificate is the name's.
            request = client.build_request(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers=named,
                extensions={"sni_hostname": url.host},
            )
            try:
                response = await client.send(request, stream=True)
            except httpx.ConnectError:
                if address != addresses[-1]:
                    continue
                raise
            try:
                return await _outcome(response)
            finally:
                await response.aclose()
    raise NotAnAddress(f"{url.host} leads nowhere")


async def _outcome(response: httpx.Response) -> Outcome:
    said = f"{response.status_code} {response.reason_phrase}"
    if response.is_success:
        return Outcome(True, one_line(said))
    if response.is_redirect:
        return Outcome(False, one_line(f"{said}: redirects are not followed"))
    read = b""
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) >= _MOST_ANSWER:
            break
    told = one_line(f"{said} {read[:_MOST_ANSWER].decode(errors='replace')}")
    final = response.is_client_error and response.status_code not in _LATER
    return Outcome(False, told, final)


NOTIFIER = Webhook()
