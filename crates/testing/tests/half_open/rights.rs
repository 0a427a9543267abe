//! The right to make a kernel drop packets.

use std::{env, process::Command};

use socket2::{Domain, Socket, Type};

use crate::peer::drop_whatever_comes;

/// Whether a test has been run in a network of its own. That is where everybody has the right that newer kernels
/// give only to who administers the network; if it cannot be had either, the test says so, and is not run.
pub(crate) fn ran_elsewhere(test: &str) -> bool {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let Err(refused) = drop_whatever_comes(&socket) else { return false };
    assert!(
        env::var_os(INSIDE).is_none(),
        "packets cannot be dropped even in a network of one's own: {refused}"
    );
    let exe = env::current_exe().unwrap();
    let run = Command::new("unshare")
        .args(["--map-root-user", "--net", "sh", "-c", UP_AND_RUN])
        .arg(exe)
        .args(["--nocapture", "--exact", test])
        .env(INSIDE, "1")
        .output();
    let why = match run {
        Ok(run) => {
            let said = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
            assert_ne!(run.status.code(), Some(FAILED), "in a network of its own: {said}");
            if run.status.success() {
                assert!(said.contains("1 passed"), "{test} is not there: {said}");
                return true;
            }
            said
        }
        Err(error) => format!("unshare, of Debian's package util-linux, does not start: {error}"),
    };
    println!("NOT RUN, for packets cannot be dropped here ({refused}), nor a network be made: {why}");
    true
}

const INSIDE: &str = "LONGWAVE_INSIDE";
const UP_AND_RUN: &str = r#"ip link set lo up && exec "$0" "$@""#;
/// The exit code of tests.
const FAILED: i32 = 101;
