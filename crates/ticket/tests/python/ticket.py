"""Tickets of longwave, version 1, with nothing but Python's standard library.

Written from the table in the README, to show that other languages can mint and verify, and that longwave itself
does what the table says. Reads a JSON list of requests, writes a JSON list of answers.
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import re
import struct
import sys

PURPOSES = {"connect": 1, "resume": 2, "refresh": 3}
REF, SCOPE, ORIGIN, BROWSER, NETWORK = 1, 2, 4, 8, 16
HEADER = struct.Struct(">BBH4s6sI6s16s16s")


class Refused(Exception):
    pass


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def audience_key(master, audience):
    """HKDF-SHA-256 (RFC 5869); 32 bytes take one round."""
    extracted = mac(b"longwave-ticket-v1", master)
    return mac(extracted, audience.encode() + b"\x01")


def key_id(key):
    return hashlib.sha256(b"longwave-kid-v1" + key).digest()[:4]


def network(address):
    address = ipaddress.ip_address(address)
    address = getattr(address, "ipv4_mapped", None) or address
    return bytes([address.version]) + address.packed[: 3 if address.version == 4 else 8]


def flags_of(binding):
    names = {"scope": SCOPE, "origin": ORIGIN, "browser": BROWSER, "network": NETWORK}
    return sum(flag for name, flag in names.items() if binding.get(name) is not None)


def digest(binding, flags, purpose):
    values = [
        (SCOPE, 1, lambda: binding["scope"].encode()),
        (ORIGIN, 2, lambda: binding["origin"].encode()),
        (BROWSER, 3, lambda: hashlib.sha256(binding["browser"].encode()).digest()),
        (NETWORK, 4, lambda: network(binding["network"])),
    ]
    parts = []
    try:
        for flag, kind, value in values:
            if flags & flag:
                parts.append((kind, value()))
        if purpose == "resume":
            parts.append((5, bytes.fromhex(binding["resumed"])))
    except (KeyError, AttributeError, TypeError):
        raise Refused("binding") from None
    if not parts:
        return bytes(16)
    message = b"longwave-bind-v1"
    for kind, value in parts:
        message += struct.pack(">BI", kind, len(value)) + value
    return hashlib.sha256(message).digest()[:16]


def mint(request):
    key = audience_key(bytes.fromhex(request["key"]), request["audience"])
    binding = request["binding"]
    flags = flags_of(binding)
    claims = b""
    if request["mode"] == "take_once":
        flags |= REF
    else:
        claims = bytes.fromhex(request["claims"])
    body = HEADER.pack(
        1,
        PURPOSES[request["purpose"]],
        flags,
        key_id(key),
        request["issued"].to_bytes(6, "big"),
        request["ttl"],
        request["deadline"].to_bytes(6, "big"),
        bytes.fromhex(request["id"]),
        digest(binding, flags, request["purpose"]),
    )
    body += claims
    body += mac(key, body)
    return "lwt1_" + base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def verify(request):
    ticket = request["ticket"]
    if not re.fullmatch(r"lwt1_[A-Za-z0-9_-]{118,1483}", ticket):
        raise Refused("malformed")
    text = ticket[5:]
    try:
        body = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise Refused("malformed") from None
    if base64.urlsafe_b64encode(body).rstrip(b"=").decode() != text:
        raise Refused("malformed")
    signed, tag, claims = body[:-32], body[-32:], body[HEADER.size : -32]
    version, purpose, flags, kid, issued, ttl, deadline, number, bound = HEADER.unpack(body[: HEADER.size])
    names = {code: name for name, code in PURPOSES.items()}
    if version != 1 or purpose not in names or flags >= 32 or (flags & REF and claims):
        raise Refused("malformed")
    purpose = names[purpose]
    if not flags & ~REF and purpose != "resume" and bound != bytes(16):
        raise Refused("malformed")
    key = audience_key(bytes.fromhex(request["key"]), request["audience"])
    if kid != key_id(key):
        raise Refused("unknown_key")
    if not hmac.compare_digest(mac(key, signed), tag):
        raise Refused("bad_mac")
    if purpose != request["purpose"]:
        raise Refused("purpose")
    issued, deadline, now = int.from_bytes(issued, "big"), int.from_bytes(deadline, "big"), request["now"]
    longest = 24 * 60 * 60 * 1000 if purpose == "resume" else 60_000
    if not 0 < ttl <= longest:
        raise Refused("lifetime")
    if issued > now + 5000:
        raise Refused("future")
    if issued + ttl + 5000 < now or (deadline and deadline <= now):
        raise Refused("expired")
    scoped = request["binding"].get("scope") is None or flags & SCOPE
    if not scoped or digest(request["binding"], flags, purpose) != bound:
        raise Refused("binding")
    return {
        "issued": issued,
        "ttl": ttl,
        "deadline": deadline,
        "id": number.hex(),
        "kid": kid.hex(),
        "claims": None if flags & REF else claims.hex(),
    }


def answer(request):
    try:
        return {"ok": {"mint": mint, "verify": verify}[request["do"]](request)}
    except Refused as refused:
        return {"refused": str(refused)}


if __name__ == "__main__":
    json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
