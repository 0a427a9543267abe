//! Which cases are run.

use crate::error::Error;

/// Takes the cases that are in one of the groups, in the suite's order; all if no group is given.
///
/// A group is a case (`6.4.1`) or what the ids of its cases begin with (`6`, `6.4`, `6.4.*`).
pub(crate) fn select<'a>(all: &'a [String], groups: &[&str]) -> Result<Vec<&'a str>, Error> {
    for group in groups {
        if !all.iter().any(|case| is_in(case, group)) {
            return Err(Error::Usage(format!("the Autobahn testsuite has no case `{group}`")));
        }
    }
    let wanted = |case: &&str| groups.is_empty() || groups.iter().any(|group| is_in(case, group));
    Ok(all.iter().map(String::as_str).filter(wanted).collect())
}

/// `1.1` is in `1`, but `12.1` is not.
fn is_in(case: &str, group: &str) -> bool {
    let group = group.strip_suffix(".*").unwrap_or(group);
    case.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_told_apart() {
        let all = ["1.1.1", "1.2.1", "10.1.1", "12.1.1"].map(str::to_owned);
        assert_eq!(select(&all, &[]).unwrap(), all);
        assert_eq!(select(&all, &["1"]).unwrap(), ["1.1.1", "1.2.1"]);
        assert_eq!(select(&all, &["12.1.1", "1.2.*"]).unwrap(), ["1.2.1", "12.1.1"]);
        assert!(select(&all, &["1", "2"]).is_err());
    }
}
