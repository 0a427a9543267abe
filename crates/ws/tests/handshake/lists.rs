use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};
use longwave_ws::handshake::{Extension, ExtensionsError, Subprotocol, parse_extensions};

fn parse(line: &str) -> Result<Vec<String>, ExtensionsError> {
    let mut headers = HeaderMap::new();
    headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_bytes(line.as_bytes()).unwrap());
    Ok(parse_extensions(&headers)?.iter().map(ToString::to_string).collect())
}

#[test]
fn rfc6455_9_1_extensions_are_read_by_the_grammar() {
    for (line, list) in [
        ("foo", &["foo"] as &[_]),
        ("foo,bar", &["foo", "bar"]),
        (" foo\t;\tbar = 1 ; baz , x ", &["foo; bar=1; baz", "x"]),
        (",, foo ,,bar,", &["foo", "bar"]),
        ("foo;a;a=1;a", &["foo; a; a=1; a"]),
        ("foo; a=\"b\"", &["foo; a=b"]),
        ("foo; a=\"\\b\\!\"; c", &["foo; a=b!; c"]),
        ("!#$%&'*+-.^_`|~09azAZ", &["!#$%&'*+-.^_`|~09azAZ"]),
        (
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate",
            &["permessage-deflate; client_max_window_bits; server_max_window_bits=10", "permessage-deflate"],
        ),
    ] {
        assert_eq!(parse(line).unwrap(), list, "{line}");
    }
}

#[test]
fn rfc6455_9_1_everything_else_is_malformed() {
    for line in [
        "",
        " ",
        ",",
        ";",
        "foo;",
        "foo;;a",
        "; a",
        "foo; =1",
        "foo; a=",
        "foo; a=1=2",
        "foo; a=,b",
        "foo bar",
        "foo; a b",
        "foo; a=b c",
        "\"foo\"",
        "foo; \"a\"",
        "foo; a=\"",
        "foo; a=\"b",
        "foo; a=\"b\\",
        "foo; a=\"b\\\"",
        "foo; a=\"\"",
        "foo; a=\"b c\"",
        "foo; a=\"b,c\"",
        "foo; a=\"\\\"\"",
        "foo; a=\"b\"c",
        "foo=1",
        "foo/1",
        "foo, (bar)",
        "f\u{f6}o",
    ] {
        assert_eq!(parse(line), Err(ExtensionsError::Malformed), "{line}");
    }
}

#[test]
fn lists_are_cut_at_their_limits_and_not_before() {
    let many = |count| vec!["x"; count].join(",");
    assert_eq!(parse(&many(Extension::MAX_OFFERED)).unwrap().len(), 32);
    let error = parse(&many(Extension::MAX_OFFERED + 1)).unwrap_err();
    assert!(matches!(error, ExtensionsError::TooMany { max: 32, .. }));
    let params = |count| format!("x{}", ";a=1".repeat(count));
    assert_eq!(parse(&params(Extension::MAX_PARAMS)).unwrap().len(), 1);
    let error = parse(&params(Extension::MAX_PARAMS + 1)).unwrap_err();
    assert!(matches!(error, ExtensionsError::TooManyParams { max: 16, .. }));
}

#[test]
fn limits_count_over_all_lines() {
    let mut headers = HeaderMap::new();
    for _ in 0..=Extension::MAX_OFFERED {
        headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static("x"));
    }
    assert!(matches!(parse_extensions(&headers), Err(ExtensionsError::TooMany { .. })));
}

#[test]
fn an_empty_line_beside_another_is_an_empty_member() {
    let mut headers = HeaderMap::new();
    for line in ["", "foo"] {
        headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(line));
    }
    assert_eq!(parse_extensions(&headers).unwrap().len(), 1);
}

#[test]
fn one_extension_is_parsed_alone() {
    assert_eq!(
        "foo; a".parse(),
        Extension::new("foo").unwrap().param("a").map_err(|_| ExtensionsError::Malformed)
    );
    for text in ["", "foo, bar", "foo;"] {
        assert_eq!(text.parse::<Extension>(), Err(ExtensionsError::Malformed), "{text}");
    }
}

#[test]
fn nothing_but_tokens_is_built() {
    for text in ["", " ", "a b", "a,b", "a;b", "\"a\"", "a\r\nb", "a=b", "\u{e4}", "\u{7f}", "\0"] {
        assert!(Subprotocol::new(text).is_err(), "{text:?}");
        assert!(Extension::new(text).is_err(), "{text:?}");
        let extension = Extension::new("x").unwrap();
        assert!(extension.clone().param(text).is_err(), "{text:?}");
        assert!(extension.clone().param_value(text, "1").is_err(), "{text:?}");
        assert!(extension.param_value("a", text).is_err(), "{text:?}");
    }
}
