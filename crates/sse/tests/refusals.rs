//! Each text that the builder may not take.

use longwave_sse::{EventId, EventType, FieldError};

/// What a refusal blames, and where.
fn refused(error: FieldError) -> (char, usize) {
    match error {
        FieldError::CarriageReturn { at, .. } => ('\r', at),
        FieldError::LineFeed { at, .. } => ('\n', at),
        FieldError::Nul { at, .. } => ('\0', at),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_id_refuses_what_would_end_its_line_or_void_it() {
    for (id, reason) in [
        ("\n", ('\n', 0)),
        ("1\rdata: forged", ('\r', 1)),
        ("é\r\n", ('\r', 2)),
        ("1\n\n2", ('\n', 1)),
        ("\0", ('\0', 0)),
        ("12\0\n", ('\0', 2)),
    ] {
        assert_eq!(EventId::new(id).map_err(refused), Err(reason), "{id:?}");
        assert_eq!(EventId::try_from(id).map_err(refused), Err(reason), "{id:?}");
        assert_eq!(EventId::try_from(id.to_owned()).map_err(refused), Err(reason), "{id:?}");
        assert_eq!(id.parse::<EventId>().map_err(refused), Err(reason), "{id:?}");
    }
}

#[test]
fn a_type_refuses_what_would_end_its_line() {
    for (name, reason) in [("\n", ('\n', 0)), ("a\r", ('\r', 1)), ("é\r\n", ('\r', 2)), ("a\n\0", ('\n', 1))]
    {
        assert_eq!(EventType::new(name).map_err(refused), Err(reason), "{name:?}");
        assert_eq!(EventType::try_from(name).map_err(refused), Err(reason), "{name:?}");
        assert_eq!(EventType::try_from(name.to_owned()).map_err(refused), Err(reason), "{name:?}");
        assert_eq!(name.parse::<EventType>().map_err(refused), Err(reason), "{name:?}");
    }
    assert_eq!(EventType::new("a\0").expect("a type may hold NUL").as_str(), "a\0");
}

#[test]
#[should_panic(expected = "CR, LF or NUL")]
fn a_constant_id_refuses_at_once() {
    let _ = EventId::from_static("1\0");
}

#[test]
#[should_panic(expected = "CR or LF")]
fn a_constant_type_refuses_at_once() {
    let _ = EventType::from_static("a\nb");
}
