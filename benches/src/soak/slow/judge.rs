//! Holds what clients have heard against what outboxes have counted.

use super::{
    super::{
        Settings,
        latencies::{Latencies, millis},
        outcome::{Outcome, mib},
    },
    Place,
    heard::{Heard, Over, Report},
    policies::Kind,
    samples::Samples,
    words::KEYS,
};
use longwave_backpressure::outbox::Stats;
use std::time::Duration;

/// All that is known of a run.
pub struct Run {
    pub opened: usize,
    /// Items that were to be published.
    pub offered: u64,
    pub published: u64,
    pub took: Duration,
    /// Of one core.
    pub cpu: f64,
    /// Streams and tasks that are left.
    pub left: (usize, usize),
    pub samples: Samples,
    pub books: Vec<Option<Stats>>,
    pub report: Report,
}

#[derive(Clone, Copy)]
struct Subscriber<'a> {
    place: Place,
    heard: &'a Heard,
    stats: Option<&'a Stats>,
}

impl Subscriber<'_> {
    /// Whether its outbox has counted what it has heard.
    fn is_agreed(&self) -> bool {
        let heard = self.heard;
        self.stats.is_some_and(|stats| {
            (heard.live + heard.past, heard.told(), heard.conflated, heard.over == Over::Ended)
                == (stats.delivered, stats.dropped, stats.conflated, stats.ended.is_some())
        })
    }

    /// Whether it knows of all that was published, and has all that it has asked for.
    fn is_sure(&self, published: u64) -> bool {
        let known = self.heard.live + self.heard.told() + self.heard.conflated;
        match self.heard.over {
            Over::Finished => (known, self.heard.past) == (published, self.place.past()),
            // Of all until then, and of what is missing of the past.
            _ => known + self.heard.past <= published + self.place.past(),
        }
    }
}

/// Subscribers of one kind.
struct Group<'a>(Vec<Subscriber<'a>>);

impl<'a> Group<'a> {
    fn of(run: &'a Run, settings: &Settings, which: &[Place]) -> Self {
        let all = run.report.heard.iter().zip(&run.books).enumerate();
        let all =
            all.map(|(id, (heard, stats))| Subscriber { place: Place::of(id), heard, stats: stats.as_ref() });
        Group(all.filter(|one| which.contains(&one.place) && one.place.is_taken(settings)).collect())
    }

    fn sum(&self, of: impl Fn(&Heard) -> u64) -> u64 {
        self.0.iter().map(|one| of(one.heard)).sum()
    }

    fn counted(&self, of: impl Fn(&Stats) -> u64) -> u64 {
        self.0.iter().filter_map(|one| one.stats).map(of).sum()
    }

    fn count(&self, which: impl Fn(&Heard) -> bool) -> usize {
        self.0.iter().filter(|one| which(one.heard)).count()
    }

    fn over(&self, over: Over) -> usize {
        self.count(|heard| heard.over == over)
    }
}

pub fn outcome(settings: &Settings, run: &Run) -> Outcome {
    let mut outcome = Outcome::default();
    figures(&mut outcome, settings, run);
    let published = run.published;
    let all = Group::of(run, settings, &Place::ALL);
    let mut require = |count: usize, bound: &str| outcome.require(count == 0, format!("{count} {bound}"));
    require(all.over(Over::Cut), "connections were cut, or not over in time");
    require(all.sum(|heard| heard.wrong) as usize, "items came out of turn, or were missing untold");
    let disagreed = all.0.iter().filter(|one| !one.is_agreed()).count();
    require(disagreed, "subscribers were told other counts than their outbox has");
    let unsure = all.0.iter().filter(|one| !one.is_sure(published)).count();
    require(unsure, "subscribers do not know of all that was published");
    let is_outdated = |heard: &Heard| heard.latest != latest(published);
    if settings.policy == Kind::Latest {
        require(all.count(is_outdated), "subscribers do not have the latest of each key");
    }
    let group = |place: Place| Group::of(run, settings, &[place]);
    let (healthy, slow, stalled) = (group(Place::Healthy), group(Place::Slow), group(Place::Stalled));
    let lacking = |heard: &Heard| heard.live != published;
    require(healthy.count(lacking), "healthy subscribers have missed something");
    require(stalled.count(|heard| heard.told() + heard.conflated == 0), "of the stalled have missed nothing");
    match settings.policy {
        Kind::Disconnect => {
            require(stalled.0.len() - stalled.over(Over::Ended), "of the stalled were not ended")
        }
        _ => require(all.over(Over::Ended), "subscribers were ended"),
    }
    require(run.opened.abs_diff(all.0.len()), "streams too many or too few were open");
    require(run.left.0, "streams are left");
    require(run.left.1, "tasks are left");
    let warm = run.samples.warm();
    outcome.require(warm.is_flat(), format!("memory grows by {:.0} KiB/s", warm.per_second / 1024.0));
    let rate = published as f64 / run.offered as f64;
    outcome.require(
        rate >= 0.99,
        format!("only {:.1} % of the items could be published: the machine is saturated", rate * 100.0),
    );
    let behind = slow.count(|heard| heard.told() + heard.conflated > 0);
    outcome.figure("slow readers that have missed something", format!("{behind} of {}", slow.0.len()));
    outcome
}

fn figures(outcome: &mut Outcome, settings: &Settings, run: &Run) {
    let seconds = run.took.as_secs_f64();
    let all = Group::of(run, settings, &Place::ALL);
    let healthy = Group::of(run, settings, &[Place::Healthy]);
    let rate = |count: u64| format!("{:.1} /s", count as f64 / seconds);
    let mut latencies = Latencies::default();
    latencies.merge(&run.report.events);
    latencies.merge(&run.report.messages);
    outcome.figure("subscribers", run.opened);
    outcome.figure("items offered", rate(run.offered));
    outcome.figure("items published", rate(run.published));
    outcome.figure("delivered to the healthy", rate(healthy.sum(|heard| heard.live)));
    outcome.figure("server CPU, of one core", format!("{:.0} %", run.cpu * 100.0));
    outcome.figure("clients' CPU, of one core", format!("{:.0} %", run.report.cpu * 100.0));
    outcome.figure("delivery to the healthy, p50", millis(latencies.quantile(0.5)));
    outcome.figure("delivery to the healthy, p99", millis(latencies.quantile(0.99)));
    outcome.figure("  by event streams, p99", millis(run.report.events.quantile(0.99)));
    outcome.figure("  by WebSockets, p99", millis(run.report.messages.quantile(0.99)));
    outcome.figure("delivery to the healthy, longest", millis(latencies.longest));
    outcome.number("p99", latencies.quantile(0.99) as f64);
    let warm = run.samples.warm();
    outcome.figure("server memory, warm", mib(warm.first));
    outcome.figure("server memory, at the end", mib(warm.last));
    outcome.figure("server memory, slope", format!("{:+.1} KiB/s", warm.per_second / 1024.0));
    outcome.figure("dropped, by the outboxes", all.counted(|stats| stats.dropped));
    outcome.figure("dropped, by what clients were told", all.sum(Heard::told));
    outcome.figure("  of it at the end of a stream", all.sum(|heard| heard.gap));
    outcome.figure("replaced, by the outboxes", all.counted(|stats| stats.conflated));
    outcome.figure("replaced, by what clients were told", all.sum(|heard| heard.conflated));
    outcome.figure("ended for being slow", all.over(Over::Ended));
}

/// The sum of the latest numbers of all keys, counted from one.
fn latest(published: u64) -> u64 {
    (published.saturating_sub(KEYS)..published).map(|number| number + 1).sum()
}
