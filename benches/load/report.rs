//! What was measured, as tables in Markdown.

use std::{fmt, fs};

use super::rounds::Measured;

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

/// Server and database, to the same on `SQLite`.
const MOST_ON_POSTGRES: f64 = 3.0;

/// One server's rounds of a case.
pub(crate) struct Lane {
    /// Whose.
    pub(crate) name: String,
    /// Every connection busy.
    pub(crate) rounds: Vec<Measured>,
    /// At half of what it can do, by the clock.
    pub(crate) steady: Option<Measured>,
}

/// One case: the rounds of all servers, which alternated.
pub(crate) struct Row {
    /// The operation.
    pub(crate) name: &'static str,
    /// What the reference did meanwhile.
    pub(crate) beside: &'static str,
    /// What is wanted.
    pub(crate) reach: Reach,
    /// countersign's: the first is what others are compared with.
    pub(crate) lanes: Vec<Lane>,
    /// The reference's; none where there is nothing to compare with.
    pub(crate) reference: Vec<Measured>,
}

impl Lane {
    fn median(&self, of: impl Fn(&Measured) -> f64) -> f64 {
        median(self.rounds.iter().map(of))
    }

    /// Median of operations a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.median(|round| round.per_second)
    }

    /// Median of the ratios of neighbouring rounds: what disturbed one has likely disturbed the other.
    fn ratio_to(&self, others: &[Measured]) -> f64 {
        median(self.rounds.iter().zip(others).map(|(own, other)| own.all_micros() / other.all_micros()))
    }
}

impl Row {
    fn write_lane(&self, f: &mut fmt::Formatter<'_>, number: usize, lane: &Lane) -> fmt::Result {
        let (low, high) = extremes(lane.rounds.iter().map(|round| round.micros));
        let micros = lane.median(|round| round.micros);
        let database = lane.rounds.iter().filter_map(|round| round.database_micros);
        let database = if database.clone().count() == 0 { "in it".to_owned() } else { short(median(database)) };
        let reference = median(self.reference.iter().map(|round| round.micros));
        let (beside, ratio) = match (self.lanes.first(), self.reference.is_empty()) {
            (Some(first), _) if number > 0 => {
                let own = first.median(Measured::all_micros);
                (format!("{}: {}", first.name, short(own)), Some(lane.ratio_to(&first.rounds)))
            }
            (_, false) => (format!("{}: {}", self.beside, short(reference)), Some(lane.ratio_to(&self.reference))),
            (_, true) => ("–".to_owned(), None),
        };
        let on_postgres = lane.rounds.iter().any(|round| round.database_micros.is_some());
        let verdict = match (self.reach, ratio) {
            (_, Some(ratio)) if number > 0 && on_postgres => {
                wanted(&format!("≤ {MOST_ON_POSTGRES} ×"), ratio <= MOST_ON_POSTGRES)
            }
            (Reach::Ratio(most), Some(ratio)) if number == 0 => wanted(&format!("≤ {most} ×"), ratio <= most),
            (Reach::Micros(most), _) if number == 0 => wanted(&format!("≤ {most:.0} µs"), micros <= most),
            _ => String::new(),
        };
        writeln!(
            f,
            "| {}{} | {} ({}–{}) | {database} | {:.0} | {} | {beside} | {} | {verdict} |",
            self.name,
            if self.lanes.len() > 1 { format!(", {}", lane.name) } else { String::new() },
            short(micros),
            short(low),
            short(high),
            lane.per_second(),
            bytes(lane.median(|round| round.written)),
            ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")),
        )
    }
}

/// Everything: rows, then what is no ratio.
#[derive(Default)]
pub(crate) struct Tables {
    /// Cases.
    pub(crate) rows: Vec<Row>,
    /// Name, value, what is wanted.
    pub(crate) others: Vec<(String, String, String)>,
    /// How they were measured.
    pub(crate) notes: Vec<String>,
}

impl Tables {
    /// Something that is no ratio.
    pub(crate) fn add(&mut self, name: &str, value: String, wanted: String) {
        self.others.push((name.to_owned(), value, wanted));
    }
}

impl fmt::Display for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.rows.is_empty() {
            writeln!(
                f,
                "\n| operation | µs server CPU (min–max) | µs database | a second | written | beside it, µs | ratio | reach |"
            )?;
            writeln!(f, "| --- | --- | --- | --- | --- | --- | --- | --- |")?;
            for row in &self.rows {
                for (number, lane) in row.lanes.iter().enumerate() {
                    row.write_lane(f, number, lane)?;
                }
            }
            writeln!(f, "\n| operation | offered, a second | p50 ms | p99 ms | p99.9 ms | most ms |")?;
            writeln!(f, "| --- | --- | --- | --- | --- | --- |")?;
            for row in &self.rows {
                for lane in &row.lanes {
                    let Some(steady) = &lane.steady else { continue };
                    let name = if row.lanes.len() > 1 { format!(", {}", lane.name) } else { String::new() };
                    writeln!(f, "| {}{name} | {:.0} | {} |", row.name, steady.per_second, percentiles(steady))?;
                }
            }
        }
        if !self.others.is_empty() {
            writeln!(f, "\n| figure | measured | reach |\n| --- | --- | --- |")?;
        }
        for (name, value, wanted) in &self.others {
            writeln!(f, "| {name} | {value} | {wanted} |")?;
        }
        writeln!(f, "\n{}", self.notes.join(" "))?;
        writeln!(f, "{}.", machine())
    }
}

/// p50, p99, p99.9, the longest.
pub(crate) fn percentiles(of: &Measured) -> String {
    let all = [of.millis(0.5), of.millis(0.99), of.millis(0.999), of.most_millis()];
    all.map(|millis| format!("{millis:.2}")).join(" | ")
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

/// Microseconds.
pub(crate) fn short(micros: f64) -> String {
    if micros < 100.0 { format!("{micros:.1}") } else { format!("{micros:.0}") }
}

/// So many bytes, in words.
pub(crate) fn bytes(of: f64) -> String {
    match of {
        ..1024.0 => format!("{of:.0} B"),
        ..1_048_576.0 => format!("{:.1} KiB", of / 1024.0),
        ..1_073_741_824.0 => format!("{:.1} MiB", of / 1_048_576.0),
        _ => format!("{:.2} GiB", of / 1_073_741_824.0),
    }
}

/// Where it was measured: a number without that is a rumour.
pub(crate) fn machine() -> String {
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
