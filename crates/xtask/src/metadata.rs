//! What `cargo metadata` knows about packages, as far as it is asked for here.

use std::path::PathBuf;

use serde_json::Value;

use crate::error::Error;

/// The answer of one `cargo metadata`.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A package: a member of the workspace or a dependency.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) dir: PathBuf,
    pub(crate) published: bool,
    pub(crate) license: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) readme: Option<String>,
    pub(crate) rust_version: Option<String>,
    /// Without `default`.
    pub(crate) features: Vec<String>,
    /// Names of the packages that a user of this package builds too, optional ones included.
    pub(crate) dependencies: Vec<String>,
    pub(crate) targets: Vec<Target>,
}

/// Something that is built from a package.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: String,
}

impl Metadata {
    /// Reads the JSON that `cargo metadata --format-version 1` prints.
    pub(crate) fn parse(json: &str) -> Result<Self, Error> {
        let json: Value = serde_json::from_str(json).map_err(Error::Metadata)?;
        Ok(Self {
            root: PathBuf::from(text(&json, "workspace_root")),
            target: PathBuf::from(text(&json, "target_directory")),
            packages: list(&json, "packages").iter().map(Package::new).collect(),
        })
    }
}

impl Package {
    fn new(json: &Value) -> Self {
        let mut dir = PathBuf::from(text(json, "manifest_path"));
        dir.pop();
        let features = json["features"].as_object().into_iter().flat_map(|features| features.keys());
        let dependencies = list(json, "dependencies").iter().filter(|dep| dep["kind"] != "dev");
        Self {
            name: text(json, "name"),
            version: text(json, "version"),
            dir,
            published: json["publish"].is_null(),
            license: optional(json, "license"),
            description: optional(json, "description"),
            readme: optional(json, "readme"),
            rust_version: optional(json, "rust_version"),
            features: features.filter(|name| *name != "default").cloned().collect(),
            dependencies: dependencies.map(|dep| text(dep, "name")).collect(),
            targets: list(json, "targets").iter().map(Target::new).collect(),
        }
    }
}

impl Target {
    fn new(json: &Value) -> Self {
        Self { name: text(json, "name"), kind: json["kind"][0].as_str().unwrap_or_default().to_owned() }
    }
}

fn optional(json: &Value, key: &str) -> Option<String> {
    json[key].as_str().map(str::to_owned)
}

fn text(json: &Value, key: &str) -> String {
    optional(json, key).unwrap_or_default()
}

fn list<'a>(json: &'a Value, key: &str) -> &'a [Value] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read() {
        let json = r#"{"workspace_root": "/w", "target_directory": "/w/target", "packages": [{
            "name": "a", "version": "1.2.3", "manifest_path": "/w/a/Cargo.toml", "publish": [],
            "license": "MIT", "rust_version": null,
            "features": {"default": ["std"], "std": []},
            "dependencies": [{"name": "b", "kind": null}, {"name": "c", "kind": "dev"}, {"name": "d", "kind": "build"}],
            "targets": [{"name": "a", "kind": ["lib"]}]
        }]}"#;
        let metadata = Metadata::parse(json).unwrap();
        let package = &metadata.packages[0];
        assert_eq!(package.dir, PathBuf::from("/w/a"));
        assert!(!package.published);
        assert_eq!(package.features, ["std"]);
        assert_eq!(package.dependencies, ["b", "d"]);
        assert_eq!(package.targets[0].kind, "lib");
        assert_eq!(package.rust_version, None);
    }
}
