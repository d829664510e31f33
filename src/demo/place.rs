//! Where a throw-away server keeps what it keeps: a folder of its own, which goes when the demonstration ends.

use std::{fs, path::PathBuf};

use super::Failure;
use crate::{
    config::{self, Config, Sources},
    flow::start,
    secret::random_name,
};

/// A folder that is removed with this value.
#[derive(Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// Makes one below the system's folder for such things, for its owner alone.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn make() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("countersign-demo-{}", random_name()));
        start::private_folder(&path)?;
        Ok(Self(path))
    }

    /// What a server in it is configured with: nothing of this machine's own, only where it is and how it is called.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub(crate) fn config(&self, issuer: &str, listen: &str) -> Result<Config, Failure> {
        let file = self.0.join("countersign.toml");
        let words = "# The configuration of a demonstration; the folder goes when it ends.\n";
        // short, for whoever looks on; longer than a second (the same question) and a half (clocks differ)
        let text = format!(
            "{words}issuer = \"{issuer}\"\nlisten = [\"{listen}\"]\ndata_dir = \"data\"\n[device]\ninterval = \"2s\"\n[branding]\nname = \"countersign demo\"\n"
        );
        fs::write(&file, text)?;
        let sources = Sources { files: vec![file], working_dir: self.0.clone(), ..Sources::default() };
        Ok(config::load(&sources)?.config)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "the demonstration's folder was not removed");
        }
    }
}
