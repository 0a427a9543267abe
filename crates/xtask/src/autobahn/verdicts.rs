//! What the suite has found.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::Error;

/// What it says of each case.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    cases: BTreeMap<String, Verdict>,
}

#[derive(Debug)]
struct Verdict {
    behavior: String,
    close: String,
}

impl Verdicts {
    /// Reads the index of the reports, as far as it is about `agent`.
    pub(crate) fn parse(index: &str, agent: &str) -> Result<Self, Error> {
        let index: Value = serde_json::from_str(index).map_err(Error::Report)?;
        let cases = index[agent].as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let verdict =
            |case: &Value| Verdict { behavior: text(&case["behavior"]), close: text(&case["behaviorClose"]) };
        Ok(Self { cases: cases.map(|(id, case)| (id.clone(), verdict(case))).collect() })
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.cases.extend(other.cases);
    }

    /// Such as `301 cases, 298 OK, 3 INFORMATIONAL`.
    pub(crate) fn counts(&self) -> String {
        let mut counts = BTreeMap::<_, usize>::new();
        for verdict in self.cases.values() {
            *counts.entry(verdict.behavior.as_str()).or_default() += 1;
        }
        let counts = counts.iter().map(|(behavior, count)| format!(", {count} {behavior}"));
        format!("{} cases{}", self.cases.len(), counts.collect::<String>())
    }

    /// Every case of those that were asked for that is not as it should be.
    pub(crate) fn failures<'a>(&'a self, wanted: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
        wanted.iter().filter_map(|id| match self.cases.get(*id) {
            None => Some(format!("{id} was not run")),
            Some(verdict) if verdict.is_good(id) => None,
            Some(Verdict { behavior, close }) => Some(format!("{id} is {behavior}, and its close {close}")),
        })
    }
}

impl Verdict {
    fn is_good(&self, id: &str) -> bool {
        let is_ok =
            |verdict: &str| verdict == "OK" || verdict == "INFORMATIONAL" && INFORMATIONAL.contains(&id);
        is_ok(&self.behavior) && is_ok(&self.close)
    }
}

/// What nobody prescribes: a close frame behind a message of 256 KiB, and close codes above those that are defined.
const INFORMATIONAL: &[&str] = &["7.1.6", "7.13.1", "7.13.2"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_right_is_named() {
        let index = r#"{"longwave": {
            "1.1.1": {"behavior": "OK", "behaviorClose": "OK"},
            "3.2": {"behavior": "NON-STRICT", "behaviorClose": "OK"},
            "7.1.1": {"behavior": "OK", "behaviorClose": "UNCLEAN"},
            "7.1.6": {"behavior": "INFORMATIONAL", "behaviorClose": "INFORMATIONAL"},
            "7.5.1": {"behavior": "INFORMATIONAL", "behaviorClose": "OK"}
        }, "other": {}}"#;
        let verdicts = Verdicts::parse(index, "longwave").unwrap();
        assert_eq!(verdicts.counts(), "5 cases, 2 INFORMATIONAL, 1 NON-STRICT, 2 OK");
        let failures: Vec<_> =
            verdicts.failures(&["1.1.1", "1.1.2", "3.2", "7.1.1", "7.1.6", "7.5.1"]).collect();
        assert_eq!(
            failures,
            [
                "1.1.2 was not run",
                "3.2 is NON-STRICT, and its close OK",
                "7.1.1 is OK, and its close UNCLEAN",
                "7.5.1 is INFORMATIONAL, and its close OK",
            ]
        );
    }
}
