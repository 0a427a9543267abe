//! What a scenario reports.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Display};

#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Outcome {
    figures: Vec<(String, String)>,
    /// Figures that are compared with those of another run.
    pub numbers: BTreeMap<String, f64>,
    /// Bounds that do not hold.
    pub broken: Vec<String>,
}

impl Outcome {
    pub fn figure(&mut self, name: &str, value: impl Display) {
        self.figures.push((name.into(), value.to_string()));
    }

    pub fn number(&mut self, name: &str, value: f64) {
        self.numbers.insert(name.into(), value);
    }

    /// Holds the run against a bound.
    pub fn require(&mut self, holds: bool, bound: impl Display) {
        if !holds {
            self.broken.push(bound.to_string());
        }
    }

    fn value(&self, name: &str) -> &str {
        self.figures.iter().find(|(of, _)| of == name).map_or("-", |(_, value)| value)
    }
}

/// Prints runs side by side.
pub fn print(title: &str, runs: &[(&str, &Outcome)]) {
    println!("\n## {title}");
    if runs.len() > 1 {
        print!("{:44}", "");
        runs.iter().for_each(|(label, _)| print!("{label:>22}"));
        println!();
    }
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in runs.iter().flat_map(|(_, outcome)| &outcome.figures) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    for name in names {
        print!("{name:44}");
        match runs {
            [(_, only)] => println!("{}", only.value(name)),
            runs => {
                runs.iter().for_each(|(_, outcome)| print!("{:>22}", outcome.value(name)));
                println!();
            }
        }
    }
}

pub fn mib(bytes: usize) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
