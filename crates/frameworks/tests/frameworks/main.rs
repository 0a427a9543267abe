//! Each behaviour of the stack in each framework, over real sockets: `cargo test -p longwave-frameworks`.
//!
//! What is not listed for a framework does not exist there: tonic has no event streams to beat on, no WebSockets,
//! and no responses of known size, as trailers follow; salvo's adapter for layers of tower forgets sizes.
#![allow(clippy::unwrap_used)]

mod client;
mod drains;
mod echoes;
mod limits;
mod plain;
mod sockets;
mod stalls;
mod streams;
mod support;
mod tickets;

use longwave_frameworks::{Axum, Hyper, Salvo, Tonic};

/// One test for each behaviour, in a module for each framework.
macro_rules! frameworks {
    ($($name:ident: $framework:ident { $($module:ident { $($behaviour:ident)* })* })*) => {$(
        mod $name {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    super::$module::$behaviour::<super::$framework>().await;
                }
            )*)*
        }
    )*};
}

/// Frameworks with event streams and WebSockets, and what is to be said of some of them alone.
macro_rules! with_events {
    ($($name:ident: $framework:ident { $($more:ident)* })*) => {
        frameworks! {$(
            $name: $framework {
                streams { a_silent_stream_begins_at_once a_silent_stream_beats }
                limits {
                    a_stream_counts_until_its_client_is_gone
                    a_client_with_too_many_streams_is_refused
                    a_websocket_beyond_the_limit_is_refused
                }
                drains { a_drain_ends_streams_and_the_shutdown_is_over a_stream_is_refused_during_a_drain }
                stalls { a_stalled_reader_is_cut_and_nobody_else }
                sockets {
                    a_websocket_counts_until_its_socket_is_gone
                    a_websocket_is_ended_by_its_lifeline
                    a_websocket_is_ended_by_a_drain
                }
                echoes {
                    a_socket_echoes
                    a_socket_counts_until_it_is_over
                    a_socket_is_told_why_it_ends
                    a_socket_is_told_of_a_drain
                    a_silent_socket_is_pinged
                    a_socket_whose_client_takes_nothing_ends_in_time
                }
                tickets { a_ticket_opens_a_stream_once_that_ends_with_the_login }
                plain { a_plain_response_is_untouched extensions_pass_both_ways $($more)* }
            }
        )*}
    };
}

with_events! {
    axum: Axum { a_plain_response_promises_its_size }
    hyper: Hyper { a_plain_response_promises_its_size }
    salvo: Salvo {}
}

frameworks! {
    tonic: Tonic {
        streams { a_silent_stream_begins_at_once }
        limits { a_stream_counts_until_its_client_is_gone a_client_with_too_many_streams_is_refused }
        drains { a_drain_ends_streams_and_the_shutdown_is_over a_stream_is_refused_during_a_drain }
        stalls { a_stalled_reader_is_cut_and_nobody_else }
        tickets { a_ticket_opens_a_stream_once_that_ends_with_the_login }
        plain { a_plain_response_is_untouched extensions_pass_both_ways }
    }
}
