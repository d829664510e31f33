//! A server as a process of its own, and what the kernel knows of it.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// Ticks of `/proc/PID/stat` in a second (`USER_HZ`): 100 on every Linux this is run on.
const TICKS_A_SECOND: u32 = 100;
const STOPS_WITHIN: Duration = Duration::from_secs(40);

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a program and waits for the line on stdout that says where it listens. Its stderr goes to `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let stderr = fs::File::create(log)?;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no stdout")?);
        let mut printed = String::new();
        let address = loop {
            let before = printed.len();
            if lines.read_line(&mut printed)? == 0 {
                let status = child.wait()?;
                bail!("the server ended before it was ready ({status}):\n{printed}{}", fs::read_to_string(log)?);
            }
            let (_, line) = printed.split_at(before);
            if let Some(address) = ready_address(line) {
                break address;
            }
        };
        // what else it prints is read, so that it never waits for us
        thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        Ok(Self { address, child, log: log.to_owned() })
    }

    /// Starts a program that is to listen on `address`, and does not wait for it.
    pub(crate) fn start_at(command: &mut Command, address: SocketAddr, log: &Path) -> Result<Self> {
        let stderr = fs::File::create(log)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn()?;
        Ok(Self { address, child, log: log.to_owned() })
    }

    /// Its number, for `perf record -p`.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// User and system time of all its threads, ended ones too.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        Ok(ticks(&stat(self.id()).with_context(|| self.last_words())?, 2))
    }

    /// Bytes it has sent to the disk.
    pub(crate) fn written(&self) -> Result<u64> {
        written(self.id())
    }

    /// Proportional and resident set size, in KiB.
    pub(crate) fn memory_kib(&self) -> Result<(u64, u64)> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.id()))?;
        let size = |name: &str| {
            let line =
                rollup.lines().find_map(|line| line.strip_prefix(name)).context("an unknown form of smaps_rollup")?;
            anyhow::Ok(line.trim().trim_end_matches("kB").trim().parse()?)
        };
        Ok((size("Pss:")?, size("Rss:")?))
    }

    /// The end of what it logged, for an error.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let skipped = log.lines().count().saturating_sub(5);
        log.lines().skip(skipped).fold("the server's last words:".to_owned(), |all, line| all + "\n  " + line)
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let told = Command::new("kill").arg("-TERM").arg(self.id().to_string()).status()?;
        anyhow::ensure!(told.success(), "kill did not work");
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > STOPS_WITHIN {
                bail!("the server does not stop; {}", self.last_words());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended before: nothing is left to do then
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Runs a command to its end, with this on stdin, and gives what it printed.
pub(crate) fn output<A: AsRef<OsStr>>(command: &mut Command, arguments: &[A], stdin: &str) -> Result<String> {
    use std::io::Write;
    let mut child =
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // a command that does not read ends the pipe early, which is its right
    let _unread = child.stdin.take().context("no stdin")?.write_all(stdin.as_bytes());
    let done = child.wait_with_output()?;
    let shown: Vec<_> = arguments.iter().map(|argument| argument.as_ref().to_string_lossy()).collect();
    if !done.status.success() {
        bail!("{} failed: {}", shown.join(" "), String::from_utf8_lossy(&done.stderr));
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// The fields of `/proc/PID/stat` behind the program's name: the state, then the parent.
pub(crate) fn stat(id: u32) -> Result<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').context("an unknown form of /proc/PID/stat")?;
    Ok(after_name.split_whitespace().map(str::to_owned).collect())
}

/// The first `fields` of user, system, and those of children that have ended.
pub(crate) fn ticks(stat: &[String], fields: usize) -> Duration {
    // utime is field 14; the state, behind the name, is field 3
    let ticks: u32 = stat.iter().skip(11).take(fields).map(|field| field.parse().unwrap_or(0)).sum();
    Duration::from_secs(1) * ticks / TICKS_A_SECOND
}

/// Bytes a process has sent to the disk, with those of children that have ended.
pub(crate) fn written(id: u32) -> Result<u64> {
    let io = fs::read_to_string(format!("/proc/{id}/io"))?;
    let line =
        io.lines().find_map(|line| line.strip_prefix("write_bytes:")).context("no write_bytes in /proc/PID/io")?;
    Ok(line.trim().parse()?)
}

/// `… ready: issuer http://localhost:1234 listening on 127.0.0.1:1234`.
fn ready_address(line: &str) -> Option<SocketAddr> {
    let (_, addresses) = line.split_once(" listening on ")?;
    let mut words = addresses.split(|c: char| c.is_whitespace() || c == ',');
    words.find_map(|word| word.trim_start_matches("http://").trim_end_matches('/').parse().ok())
}
