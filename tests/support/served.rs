//! The built program serving, in a process of its own.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    ops::Deref,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

use super::{Door, Shell};

/// A server in a process of its own; it ends with this value.
pub(crate) struct Served {
    pub(crate) door: Door,
    /// What it said when it was ready.
    pub(crate) ready: String,
    process: Child,
    /// Kept open: what else it says has somewhere to go.
    _stdout: BufReader<ChildStdout>,
}

impl Deref for Served {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl Served {
    /// Starts one and waits until it says that it is ready. What it logs is in the file `log` of the shell's folder.
    #[track_caller]
    pub(crate) fn start(shell: &Shell, args: &[&str]) -> Self {
        Self::try_start(shell, args).unwrap_or_else(|said| panic!("it did not get ready: {said}"))
    }

    /// As [`Served::start`]; or what it said instead of getting ready.
    pub(crate) fn try_start(shell: &Shell, args: &[&str]) -> Result<Self, String> {
        let log = shell.database.dir.path().join("log");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = shell.command(&[&["serve"], args].concat());
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut ready = String::new();
        stdout.read_line(&mut ready).unwrap();
        let words = |before: &str| Some(ready.split(before).nth(1)?.split([' ', ',', '\n']).next()?.to_owned());
        if let (Some(issuer), Some(address)) = (words("issuer "), words("listening on ")) {
            let door = Door::new(format!("http://{address}"), issuer);
            Ok(Self { door, ready, process, _stdout: stdout })
        } else {
            let ended = process.wait().unwrap();
            Err(format!("{ended} {ready}{}", std::fs::read_to_string(log).unwrap_or_default()))
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.process.wait().unwrap()
    }

    /// SIGKILL: nothing is finished.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// `TERM`, `STOP`, `CONT` …
    pub(crate) fn signal(&self, name: &str) {
        let told = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Has it ended by itself?
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().unwrap()
    }

    /// A line of `/proc/PID/status` that is an amount of memory, in bytes: `VmRSS`, `VmHWM`.
    pub(crate) fn memory(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        let kib = found.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.unwrap_or_else(|| panic!("no {line} in: {status}")) * 1024
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _has_ended = self.process.kill();
        let _has_ended = self.process.wait();
    }
}
