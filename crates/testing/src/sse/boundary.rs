//! An obvious answer to "where in the stream are we?".

use longwave_sse::Position;

/// Says where a stream stands after the bytes of `prefix`.
///
/// - `BetweenEvents`: at the start of a line, and since the last blank line (or the start) there was
///   nothing but comments. After a CR too: a line feed that follows is only one more blank line.
/// - `BetweenLines`: at the start of a line inside a block; not after a CR, where a line feed that
///   follows still belongs to the line end.
/// - `InLine`: everywhere else, and in a byte order mark that has not ended yet.
#[must_use]
pub fn position(prefix: &[u8]) -> Position {
    const BOM: &[u8] = &[0xEF, 0xBB, 0xBF];
    if !prefix.is_empty() && prefix.len() < BOM.len() && BOM.starts_with(prefix) {
        return Position::InLine;
    }
    let text = prefix.strip_prefix(BOM).unwrap_or(prefix);

    let mut block_is_open = false;
    let mut rest = text;
    while let Some(end) = rest.iter().position(|&byte| byte == b'\r' || byte == b'\n') {
        let line = &rest[..end];
        let line_end = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[end + line_end..];
        match line.first() {
            None => block_is_open = false,
            Some(b':') => {}
            Some(_) => block_is_open = true,
        }
    }
    if !rest.is_empty() {
        Position::InLine
    } else if !block_is_open {
        Position::BetweenEvents
    } else if text.ends_with(b"\r") {
        Position::InLine
    } else {
        Position::BetweenLines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_name() {
        use Position::{BetweenEvents, BetweenLines, InLine};
        let places: &[(&[u8], Position)] = &[
            (b"", BetweenEvents),
            (b"\xEF", InLine),
            (b"\xEF\xBB", InLine),
            (b"\xEF\xBB\xBF", BetweenEvents),
            (b"\xEF\xBB\xBF\xEF\xBB\xBF", InLine),
            (b"\xEF\xBB\n", BetweenLines),
            (b"d", InLine),
            (b"data: x\n", BetweenLines),
            (b"data: x\r", InLine),
            (b"data: x\r\n", BetweenLines),
            (b"data: x\n\r", BetweenEvents),
            (b"data: x\r\r", BetweenEvents),
            (b"data: x\n\n", BetweenEvents),
            (b":", InLine),
            (b":\n", BetweenEvents),
            (b":\r", BetweenEvents),
            (b"x\n:\n", BetweenLines),
            (b"x\n:\r", InLine),
            (b"x\n\n:\n", BetweenEvents),
        ];
        for (prefix, expected) in places {
            assert_eq!(position(prefix), *expected, "{}", prefix.escape_ascii());
        }
    }
}
