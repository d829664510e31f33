//! What documents say, held to what is tested: commands, versions, the table of libraries.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::support::server::Server;

/// A newcomer copies these.
#[tokio::test]
async fn the_commands_in_the_readme_work() -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/README.md");
    let readme = fs::read_to_string(path)?.replace("\\\n", "");
    let mut worked = 0;
    // Each section on a server of its own: it is for somebody who begins there.
    for section in readme.split("\n## ") {
        let commands: Vec<_> = section.lines().filter(|line| line.contains("countersign ")).collect();
        let commands: Vec<_> = commands.into_iter().filter(|line| !line.contains("countersign serve")).collect();
        if commands.is_empty() {
            continue;
        }
        let Some(server) = Server::start()? else { return Ok(()) };
        for command in commands {
            server.shell(command)?;
            worked += 1;
        }
    }
    assert!(worked > 10, "{worked} commands were found");
    Ok(())
}

/// What is installed for the tests is what the examples ask for.
#[test]
fn the_examples_name_the_versions_that_are_tested() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| path.to_owned());
    let tested = read("tests/clients/python/requirements.txt")?;
    for example in ["flask-github", "django-facebook", "python-resource-server"] {
        for line in read(&format!("examples/{example}/requirements.txt"))?.lines() {
            // With its extras, which are packages of their own in the lock file.
            let (package, version) = line.split_once("==").context("a version")?;
            let package = package.split('[').next().unwrap_or_default();
            assert!(tested.contains(&format!("\n{package}=={version} ")), "{example}: {line}");
        }
    }
    let tested: Value = serde_json::from_str(&read("tests/clients/node/package.json")?)?;
    let named: Value = serde_json::from_str(&read("examples/node-openid-client/package.json")?)?;
    for (package, version) in named["dependencies"].as_object().context("dependencies")? {
        assert_eq!(Some(version), tested["dependencies"].get(package), "{package}");
    }
    Ok(())
}

/// What the README says is tested, is.
#[test]
fn the_table_of_libraries_names_the_versions_that_are_locked() -> Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(here.join(path)).with_context(|| path.to_owned());
    let python = read("python/requirements.txt")?;
    let (node, go, rust) = (read("node/package.json")?, read("go/go.mod")?, read("Cargo.lock")?);
    let mut rows = 0;
    for row in read("README.md")?.lines().filter(|line| line.starts_with("| ") && line.contains(')')) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, library, versions, ..] = cells[..] else { continue };
        let Some(language) = ["(Python)", "(Node)", "(Go)", "(Rust)"].into_iter().find(|word| library.contains(word))
        else {
            continue;
        };
        for version in versions.split(", ") {
            let locked = match language {
                "(Python)" => python.contains(&format!("=={version} ")),
                "(Node)" => node.contains(&format!("\"{version}\"")),
                "(Go)" => go.contains(&format!(" v{version}\n")),
                _ => rust.contains(&format!("name = \"oauth2\"\nversion = \"{version}\"")),
            };
            assert!(locked, "{library} {version} is not what is locked");
        }
        rows += 1;
    }
    assert!(rows > 20, "{rows} rows");
    Ok(())
}
