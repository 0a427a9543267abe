//! What is written in the sources, comments and tests aside.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::workspace::read_file;

/// Lines under `dir` that reach for a clock, a file, a socket or a random source.
pub(crate) fn impure_lines(dir: &Path) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for file in rust_files(dir)? {
        let text = read_file(&file)?;
        for (index, line) in production(&text).lines().enumerate() {
            if is_impure(line) {
                found.push(format!("{}:{}: {}", file.display(), index + 1, line.trim()));
            }
        }
    }
    Ok(found)
}

/// Inline tests are the last module of a file.
fn production(text: &str) -> &str {
    text.split_once("\nmod tests {").map_or(text, |(production, _)| production)
}

fn is_impure(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    IMPURE.iter().any(|word| code.contains(word))
}

fn rust_files(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::File { path: dir.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Parts of names; a `HashMap` seeds itself at random.
const IMPURE: &[&str] = &[
    "HashMap",
    "HashSet",
    "Instant",
    "SystemTime",
    "getrandom",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_seen_and_a_comment_is_not() {
        assert!(is_impure("let now = std::time::Instant::now();"));
        assert!(!is_impure("/// Reads no `Instant`."));
    }

    #[test]
    fn tests_are_not_production() {
        assert_eq!(production("fn f() {}\n#[cfg(test)]\nmod tests {\n}"), "fn f() {}\n#[cfg(test)]");
    }
}
