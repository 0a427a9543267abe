//! The rooms of the house: which crate is what, and what it may build on.

use crate::metadata::Package;

/// Crates that keep the same rules.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: &'static str,
    pub(crate) crates: &'static [&'static str],
    /// The rooms whose crates these may depend on (tests aside).
    may_use: &'static [&'static str],
    /// Whether the crates go to the registry.
    published: bool,
    /// Whether the crates stay free of input, output, clocks and randomness.
    pub(crate) pure: bool,
}

/// A new crate is one more name here.
pub(crate) const ROOMS: &[Room] = &[
    // What leaves compute with; the one room with `unsafe`.
    Room { name: "kernel", crates: &["longwave-scan"], may_use: &[], published: true, pure: true },
    Room {
        name: "leaf",
        crates: &["longwave-sse", "longwave-ws"],
        may_use: &["kernel"],
        published: true,
        pure: true,
    },
    Room { name: "base", crates: &["longwave-core"], may_use: &["leaf"], published: true, pure: false },
    Room {
        name: "shell",
        crates: &[
            "longwave-backpressure",
            "longwave-drain",
            "longwave-heartbeat",
            "longwave-ticket",
            "longwave-ws-hyper",
        ],
        may_use: &["leaf", "base"],
        published: true,
        pure: false,
    },
    Room {
        name: "façade",
        crates: &["longwave"],
        may_use: &["leaf", "base", "shell"],
        published: true,
        pure: false,
    },
    Room {
        name: "workshop",
        crates: &[
            "longwave-benches",
            "longwave-demo",
            "longwave-frameworks",
            "longwave-testing",
            "longwave-xtask",
        ],
        may_use: &["leaf", "base", "shell", "façade", "workshop"],
        published: false,
        pure: false,
    },
];

/// Every member has a room, and its `publish` fits there. A room may name a crate that is yet to be moved in.
pub(crate) fn every_crate_has_a_room(rooms: &[Room], members: &[Package]) -> Vec<String> {
    let mut broken = Vec::new();
    for package in members {
        match room_of(rooms, &package.name) {
            None => broken.push(format!("{} has no room; add it to the table", package.name)),
            Some(room) if room.published != package.published => broken.push(format!(
                "{} is a {} crate, so its manifest should {} `publish = false`",
                package.name,
                room.name,
                if room.published { "not say" } else { "say" },
            )),
            Some(_) => {}
        }
    }
    broken
}

/// Dependencies point downwards: never from leaf to leaf or from shell to shell.
pub(crate) fn dependencies_point_down(rooms: &[Room], members: &[Package]) -> Vec<String> {
    let mut broken = Vec::new();
    for package in members {
        let Some(room) = room_of(rooms, &package.name) else { continue };
        for dependency in &package.dependencies {
            if let Some(other) = room_of(rooms, dependency)
                && !room.may_use.contains(&other.name)
            {
                broken.push(format!(
                    "{} ({}) depends on {dependency} ({})",
                    package.name, room.name, other.name
                ));
            }
        }
    }
    broken
}

fn room_of<'a>(rooms: &'a [Room], name: &str) -> Option<&'a Room> {
    rooms.iter().find(|room| room.crates.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Metadata;

    const HOUSE: &[Room] = &[
        Room { name: "leaf", crates: &["sse", "ws"], may_use: &[], published: true, pure: true },
        Room { name: "shell", crates: &["beat", "drain"], may_use: &["leaf"], published: true, pure: false },
    ];

    fn members(packages: &[(&str, &str)]) -> Vec<Package> {
        let packages: Vec<_> = packages
            .iter()
            .map(|(name, dependency)| {
                format!(r#"{{"name": "{name}", "dependencies": [{{"name": "{dependency}", "kind": null}}]}}"#)
            })
            .collect();
        Metadata::parse(&format!(r#"{{"packages": [{}]}}"#, packages.join(","))).unwrap().packages
    }

    #[test]
    fn a_shell_may_use_a_leaf() {
        let members = members(&[("sse", "bytes"), ("ws", "bytes"), ("beat", "sse"), ("drain", "ws")]);
        assert!(every_crate_has_a_room(HOUSE, &members).is_empty());
        assert!(dependencies_point_down(HOUSE, &members).is_empty());
    }

    #[test]
    fn neighbours_are_no_foundation() {
        let members = members(&[("sse", "ws"), ("beat", "drain")]);
        assert_eq!(
            dependencies_point_down(HOUSE, &members),
            ["sse (leaf) depends on ws (leaf)", "beat (shell) depends on drain (shell)"]
        );
    }

    #[test]
    fn a_crate_without_a_room_is_seen() {
        let members = members(&[("sse", ""), ("ticket", "")]);
        assert_eq!(every_crate_has_a_room(HOUSE, &members), ["ticket has no room; add it to the table"]);
    }
}
