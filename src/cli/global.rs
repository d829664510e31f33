//! Flags that every command takes.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, ColorChoice, ValueEnum};

/// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Configuration file; repeated, a later one wins [env: COUNTERSIGN_CONFIG]
    ///
    /// Without it: ./countersign.toml, else /etc/countersign/countersign.toml, else the defaults.
    #[arg(short, long, value_name = "FILE", global = true)]
    pub(super) config: Vec<PathBuf>,
    /// Folder for the database and keys [env: COUNTERSIGN_DATA_DIR]
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) data_dir: Option<String>,
    /// postgres://… or sqlite:PATH [env: COUNTERSIGN_DATABASE_URL]
    ///
    /// A URL with a password belongs in the environment, or in the file that COUNTERSIGN_DATABASE_URL_FILE names:
    /// other users of this machine can see arguments.
    #[arg(long, value_name = "URL", global = true)]
    pub(super) database_url: Option<String>,
    /// Print exactly one JSON value
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more; twice, everything [env: COUNTERSIGN_LOG__LEVEL]
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// When to use colours [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t)]
    pub(super) color: Color,
    /// Do not ask before deleting
    #[arg(long, global = true)]
    pub(super) yes: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// For clap's own help and errors.
    pub(super) const fn for_clap(self) -> ColorChoice {
        match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        }
    }

    /// On this stream?
    pub(super) fn is_on(self, is_terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR").is_some() => false,
            Self::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            Self::Auto => is_terminal && set("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// What `--color` says, before the arguments are understood: it shapes how misunderstandings are printed.
pub(super) fn color_of(args: &[OsString]) -> Color {
    let mut args = plain(args);
    while let Some(arg) = args.next() {
        let value = if arg == "--color" { args.next() } else { arg.strip_prefix("--color=") };
        if let Some(color) = value.and_then(|value| Color::from_str(value, true).ok()) {
            return color;
        }
    }
    Color::Auto
}

/// Is `--json` among them?
pub(super) fn is_json(args: &[OsString]) -> bool {
    plain(args).any(|arg| arg == "--json")
}

fn plain(args: &[OsString]) -> impl Iterator<Item = &str> {
    args.iter().skip(1).filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--")
}
