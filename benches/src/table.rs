//! Columns of interleaved participants, printed as a table and appended to the JSON file.

use crate::bench::{Bench, Participant, Standing};
use std::io::Write;

/// What a table's cells mean. All samples are "cost per operation": lower is better.
#[derive(Clone, Copy)]
pub enum Unit {
    /// Nanoseconds per operation.
    Ns,
    /// Nanoseconds per operation, shown as operations per second.
    Rate,
    /// Nanoseconds per byte, shown as GB/s.
    Throughput,
    /// Bytes per operation (memory).
    Bytes,
    /// How many per operation.
    Count,
    /// Nanoseconds, shown as seconds.
    Seconds,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Unit::Ns => "ns/op",
            Unit::Rate => "op/s",
            Unit::Throughput => "GB/s",
            Unit::Bytes => "B/op",
            Unit::Count => "per op",
            Unit::Seconds => "s",
        }
    }

    fn show(self, cost: f64) -> String {
        match self {
            Unit::Ns if cost >= 100_000.0 => format!("{:.0}k", cost / 1e3),
            Unit::Ns => sig(cost),
            Unit::Rate if 1e9 / cost >= 1e6 => format!("{:.2}M", 1e3 / cost),
            Unit::Rate => format!("{:.1}k", 1e6 / cost),
            Unit::Throughput => sig(1.0 / cost),
            Unit::Bytes => format!("{cost:.0}"),
            Unit::Count => sig(cost),
            Unit::Seconds => sig(cost / 1e9),
        }
    }
}

/// Three significant digits or so.
fn sig(x: f64) -> String {
    match x {
        x if x >= 100.0 => format!("{x:.0}"),
        x if x >= 10.0 => format!("{x:.1}"),
        0.0 => "0".into(),
        x if x >= 0.01 => format!("{x:.2}"),
        x => format!("{x:.1e}"),
    }
}

/// One participant's samples of one column.
struct Stat {
    name: String,
    median: f64,
    min: f64,
    max: f64,
    ratio: f64,
}

impl Stat {
    fn new(name: String, mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let (min, max) = (samples[0], samples[samples.len() - 1]);
        Stat { name, median: samples[samples.len() / 2], min, max, ratio: 0.0 }
    }
}

struct Column {
    label: String,
    /// Payload bytes per operation, to show GB/s next to ns.
    bytes: Option<f64>,
    stats: Vec<Stat>,
}

impl Column {
    fn median(&self, name: &str) -> Option<f64> {
        self.stats.iter().find(|s| s.name == name).map(|s| s.median)
    }
}

/// A table of one workload; printed when dropped.
pub struct Table<'b> {
    bench: &'b mut Bench,
    workload: &'static str,
    title: String,
    unit: Unit,
    columns: Vec<Column>,
    yardsticks: Vec<(&'static str, &'static str)>,
    base: Option<&'static str>,
}

impl<'b> Table<'b> {
    pub fn new(bench: &'b mut Bench, workload: &'static str, title: String, unit: Unit) -> Self {
        Table { bench, workload, title, unit, columns: Vec::new(), yardsticks: Vec::new(), base: None }
    }

    /// Adds a line with the cost of row `measure` over the cost of row `of`: how close `of` comes to it.
    pub fn yardstick(&mut self, measure: &'static str, of: &'static str) {
        self.yardsticks.push((measure, of));
    }

    /// Adds lines with what every other row costs more than this one.
    pub fn added_to(&mut self, base: &'static str) {
        self.base = Some(base);
    }

    /// Runs one column: all participants, interleaved. `bytes` is the payload of one operation, if it has one.
    pub fn column(&mut self, label: impl Into<String>, bytes: Option<usize>, mut rows: Vec<Participant<'_>>) {
        rows.retain(|p| self.bench.wants(&p.name));
        let mut samples = vec![Vec::with_capacity(self.bench.rounds); rows.len()];
        for _ in 0..self.bench.rounds {
            for (row, samples) in rows.iter_mut().zip(&mut samples) {
                samples.push((row.sample)());
            }
        }
        let mut stats: Vec<Stat> = rows.into_iter().zip(samples).map(|(p, s)| Stat::new(p.name, s)).collect();
        let best = |standing| {
            let of = stats.iter().filter(|s| Standing::of(&s.name) == standing).map(|s| s.median);
            of.reduce(f64::min)
        };
        let base = best(Standing::Peer).or_else(|| best(Standing::Own)).or_else(|| best(Standing::Reference));
        stats.iter_mut().for_each(|s| s.ratio = s.median / base.unwrap_or(s.median));
        self.columns.push(Column { label: label.into(), bytes: bytes.map(|b| b as f64), stats });
        self.write_json();
    }

    fn write_json(&mut self) {
        let (Some(column), Some(json)) = (self.columns.last(), self.bench.json.as_mut()) else { return };
        for s in &column.stats {
            let gbps = column.bytes.map_or(serde_json::Value::Null, |b| (b / s.median).into());
            let line = serde_json::json!({
                "run": self.bench.began, "workload": self.workload, "table": self.title, "column": column.label,
                "participant": s.name, "unit": if matches!(self.unit, Unit::Bytes | Unit::Count) { self.unit.name() } else { "ns/op" },
                "median": s.median, "min": s.min, "max": s.max, "ratio": s.ratio, "gbps": gbps,
                "rounds": self.bench.rounds,
            });
            writeln!(json, "{line}").expect("write the JSON line");
        }
    }

    fn print(&self) {
        println!("\n## {} {} [{}, ratio to the best peer]", self.workload, self.title, self.unit.name());
        let mut names: Vec<&str> = Vec::new();
        for stat in self.columns.iter().flat_map(|c| &c.stats) {
            if !names.contains(&stat.name.as_str()) {
                names.push(&stat.name);
            }
        }
        self.print_row("", |column| Some(column.label.clone()));
        for name in &names {
            self.print_row(name, |column| {
                let stat = column.stats.iter().find(|s| s.name == *name)?;
                let cost = self.unit.show(stat.median);
                // Nothing is no base for a ratio.
                Some(if stat.ratio.is_finite() { format!("{cost} {:.2}x", stat.ratio) } else { cost })
            });
        }
        if let Some(base) = self.base {
            for name in names.iter().filter(|name| **name != base) {
                self.print_row(&format!("{name}: added"), |column| {
                    let added = column.median(name)? - column.median(base)?;
                    Some(format!("{}{}", if added < 0.0 { "-" } else { "+" }, self.unit.show(added.abs())))
                });
            }
        }
        if matches!(self.unit, Unit::Ns) && self.columns.iter().any(|c| c.bytes.is_some()) {
            self.print_row("GB/s at 1.00x", |column| {
                let best = column.stats.iter().find(|s| s.ratio == 1.0)?;
                Some(sig(column.bytes? / best.median))
            });
        }
        for (measure, of) in &self.yardsticks {
            if self.columns.iter().any(|c| c.median(of).is_some()) {
                self.print_row(&format!("{measure} / {of}"), |column| {
                    Some(format!("{:.2}", column.median(measure)? / column.median(of)?))
                });
            }
        }
    }

    fn print_row(&self, name: &str, cell: impl Fn(&Column) -> Option<String>) {
        let width = self.columns.iter().map(|c| c.label.len()).max().unwrap_or(0).max(14) + 1;
        print!("{name:34}");
        for column in &self.columns {
            print!("{:>width$}", cell(column).unwrap_or("-".into()));
        }
        println!();
    }

    fn print_spread(&self) {
        let stats = self.columns.iter().flat_map(|c| &c.stats);
        let mut spread: Vec<f64> = stats.map(|s| (s.max - s.min) / s.median * 100.0).collect();
        spread.sort_by(f64::total_cmp);
        if let (Some(worst), true) = (spread.last(), self.bench.rounds > 1) {
            let (rounds, median) = (self.bench.rounds, spread[spread.len() / 2]);
            println!(
                "  spread (max-min)/median, {rounds} rounds: median cell {median:.0}%, worst {worst:.0}%"
            );
        }
    }

    fn print_cells(&self) {
        for column in &self.columns {
            for s in &column.stats {
                println!(
                    "  {:24} {:28} median {:>10} min {:>10} max {:>10} ratio {:.2}x",
                    column.label,
                    s.name,
                    self.unit.show(s.median),
                    self.unit.show(s.min),
                    self.unit.show(s.max),
                    s.ratio
                );
            }
        }
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() || self.columns.is_empty() {
            return;
        }
        self.print();
        self.print_spread();
        if self.bench.long {
            self.print_cells();
        }
    }
}
