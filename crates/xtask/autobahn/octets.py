"""What the ported Autobahn testsuite needs at run time: the byte strings of Python 2, told in Python 3.

Inside the cases an octet string is a `str` whose characters are all below 256, so that the code of the cases means what
it always did. Bytes are made of it where it leaves for the protocol, and it is made of bytes where they come in.
"""

import binascii


def to_bytes(text):
    return text.encode("latin-1") if isinstance(text, str) else text


def to_text(octets):
    return bytes(octets).decode("latin-1") if isinstance(octets, (bytes, bytearray, memoryview)) else octets


def b2a_hex(octets):
    return binascii.b2a_hex(to_bytes(octets)).decode("ascii")


hexlify = b2a_hex


def binLogData(data, maxlen=64):
    """Shows octets in the report, in hexadecimal."""
    return b2a_hex(data) if len(data) < maxlen - 3 else b2a_hex(data[:maxlen]) + " ..."


def asciiLogData(data, maxlen=64, replace=False):
    """Shows octets in the report, as text if they are text."""
    shown = to_bytes(data if len(data) < maxlen - 3 else data[:maxlen])
    try:
        text = shown.decode("utf-8", errors="replace" if replace else "strict")
    except UnicodeDecodeError:
        return "0x" + binLogData(data, maxlen)
    return text if len(data) < maxlen - 3 else text + " ..."


class Outgoing:
    """Comes before the protocol of the library, and takes octet strings from the cases."""

    def sendFrame(self, opcode, payload=b"", **options):
        return super().sendFrame(opcode, to_bytes(payload), **options)

    def sendMessage(self, payload, *arguments, **options):
        return super().sendMessage(to_bytes(payload), *arguments, **options)

    def sendMessageFrameData(self, payload, *arguments, **options):
        return super().sendMessageFrameData(to_bytes(payload), *arguments, **options)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        return super().sendCloseFrame(code, to_bytes(reasonUtf8), isReply)
