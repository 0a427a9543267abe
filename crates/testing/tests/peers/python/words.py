"""What is said."""

TEXT = "grüße, 世界 🌊"
LONG = TEXT * 100
# As long as a reason may be, 123 bytes.
REASON = "☃" * 41


def large():
    """16 MiB that can be compressed, and nowhere repeat themselves for long."""
    return b"".join(bytes([(i ^ (i >> 12)) & 0xFF]) * 16 for i in range(1 << 20))
