//! A `PostgreSQL` cluster of a test's own.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A cluster that can be stopped and started.
pub(crate) struct Cluster {
    script: Child,
    orders: Option<ChildStdin>,
    reports: BufReader<ChildStdout>,
    /// Its address, as its administrator.
    pub(crate) url: String,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/postgres.sh");
        let mut script =
            Command::new(path).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (orders, reports) = (script.stdin.take().unwrap(), BufReader::new(script.stdout.take().unwrap()));
        let mut own = Self { script, orders: Some(orders), reports, url: String::new() };
        let said = own.report();
        said.strip_prefix("COUNTERSIGN_TEST_DATABASE=").unwrap_or_else(|| panic!("{said}")).clone_into(&mut own.url);
        own
    }

    fn report(&mut self) -> String {
        let mut line = String::new();
        self.reports.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    pub(crate) fn told(&mut self, order: &str, report: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        assert_eq!(self.report(), report);
    }

    /// Starts a standby that follows it; its address.
    pub(crate) fn standby(&mut self) -> String {
        writeln!(self.orders.as_mut().unwrap(), "standby").unwrap();
        let said = self.report();
        said.strip_prefix("standby ").unwrap_or_else(|| panic!("{said}")).to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // it removes its files
        drop(self.orders.take());
        let _told = Command::new("kill").args(["-s", "TERM", &self.script.id().to_string()]).status();
        let _ended = self.script.wait();
    }
}
