//! What was measured, as a table.

use std::{fmt, fs};

use super::load::Measured;

/// What DESIGN §9 wants.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach {
    /// So many times the reference at most.
    Ratio(f64),
    /// So many microseconds of server CPU at most.
    Micros(f64),
    /// Nothing; it stands here for orientation.
    Nothing,
}

/// One case: the rounds of both servers, which alternated.
pub(crate) struct Row {
    /// The operation.
    pub(crate) name: &'static str,
    /// What the reference did meanwhile.
    pub(crate) beside: &'static str,
    /// What is wanted.
    pub(crate) reach: Reach,
    /// countersign's rounds.
    pub(crate) subject: Vec<Measured>,
    /// The reference's.
    pub(crate) reference: Vec<Measured>,
}

impl Row {
    /// Median of the server CPU of an operation, in microseconds.
    pub(crate) fn micros(&self) -> f64 {
        median(self.subject.iter().map(|round| round.micros))
    }

    /// Median of operations a second.
    pub(crate) fn per_second(&self) -> f64 {
        median(self.subject.iter().map(|round| round.per_second))
    }

    /// Median of the ratios of neighbouring rounds: what disturbed one has likely disturbed the other.
    fn ratio(&self) -> f64 {
        median(self.subject.iter().zip(&self.reference).map(|(subject, reference)| subject.micros / reference.micros))
    }

    fn verdict(&self) -> String {
        match self.reach {
            Reach::Ratio(most) => wanted(&format!("≤ {most} ×"), self.ratio() <= most),
            Reach::Micros(most) => wanted(&format!("≤ {most:.0} µs"), self.micros() <= most),
            Reach::Nothing => String::new(),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = extremes(self.subject.iter().map(|round| round.micros));
        let median_latency = median(self.subject.iter().map(|round| round.percentile(0.5).as_secs_f64() * 1e3));
        let reference = median(self.reference.iter().map(|round| round.micros));
        write!(
            f,
            "| {} | {} ({}–{}) | {:.0} | {median_latency:.1} | {}: {} | {:.2} | {} |",
            self.name,
            short(self.micros()),
            short(low),
            short(high),
            self.per_second(),
            self.beside,
            short(reference),
            self.ratio(),
            self.verdict()
        )
    }
}

/// Everything: rows, then what is no ratio.
#[derive(Default)]
pub(crate) struct Tables {
    /// Server CPU.
    pub(crate) rows: Vec<Row>,
    /// Name, value, what is wanted.
    pub(crate) others: Vec<(String, String, String)>,
    /// Rounds of each case.
    pub(crate) rounds: usize,
}

impl Tables {
    /// Something that is no ratio.
    pub(crate) fn add(&mut self, name: &str, value: String, wanted: String) {
        self.others.push((name.to_owned(), value, wanted));
    }
}

impl fmt::Display for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| operation | µs server CPU (min–max) | a second | p50 ms | reference µs | ratio | reach |")?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- |")?;
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        writeln!(f, "\n| figure | measured | reach |\n| --- | --- | --- |")?;
        for (name, value, wanted) in &self.others {
            writeln!(f, "| {name} | {value} | {wanted} |")?;
        }
        writeln!(f, "\nMedians of {} alternating rounds; {}.", self.rounds, machine())
    }
}

/// `≤ 100 ms ✓`.
pub(crate) fn wanted(what: &str, is_met: bool) -> String {
    format!("{what} {}", if is_met { "✓" } else { "✗" })
}

/// The middle one.
pub(crate) fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = of.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn extremes(of: impl Iterator<Item = f64>) -> (f64, f64) {
    of.fold((f64::INFINITY, 0.0), |(low, high), value| (value.min(low), value.max(high)))
}

fn short(micros: f64) -> String {
    if micros < 100.0 { format!("{micros:.1}") } else { format!("{micros:.0}") }
}

fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let (info, load, kernel) = (read("/proc/cpuinfo"), read("/proc/loadavg"), read("/proc/sys/kernel/osrelease"));
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("an unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{cores} cores of {}, Linux {}, load average at the end {}",
        model.trim_start_matches([' ', '\t', ':']),
        kernel.trim(),
        load.trim()
    )
}
