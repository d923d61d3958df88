//! What is printed: each figure with its floor, its aim and upstream's figure.

use std::fmt;
use std::time::Duration;

/// The table.
pub struct Table {
    what: String,
    peer: &'static str,
    rows: Vec<Row>,
}

/// One line.
pub struct Row {
    /// What was measured.
    pub what: &'static str,
    /// What came out.
    pub measured: String,
    /// Beside the floor, or details.
    pub notes: String,
    /// Upstream as it comes, on this kind of machine.
    pub peer: &'static str,
    /// What is aimed at.
    pub aim: &'static str,
}

impl Table {
    /// An empty table about something, beside a peer.
    pub fn new(what: String, peer: &'static str) -> Self {
        Self { what, peer, rows: Vec::new() }
    }

    /// Adds a line, and says it at once: the whole takes minutes.
    pub fn add(&mut self, row: Row) {
        eprintln!("{}: {} ({})", row.what, row.measured, row.notes);
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.what)?;
        writeln!(f, "| what | windlass | floor, details | {} | aim |", self.peer)?;
        writeln!(f, "| --- | --- | --- | --- | --- |")?;
        for Row { what, measured, notes, peer, aim } in &self.rows {
            writeln!(f, "| {what} | {measured} | {notes} | {peer} | {aim} |")?;
        }
        Ok(())
    }
}

/// A time as people read it.
pub fn shown(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds => format!("{:.1} ms", seconds * 1000.0),
    }
}

/// Memory in MiB.
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// `measured` as a multiple of `floor`.
pub fn times(measured: f64, floor: f64) -> String {
    format!("{:.2}x the floor", measured / floor)
}

/// Several times of one thing, each with its floor at the same moment.
#[derive(Default)]
pub struct Times {
    measured: Vec<Duration>,
    floors: Vec<Duration>,
}

impl Times {
    /// Adds one.
    pub fn add(&mut self, measured: Duration, floor: Option<Duration>) {
        self.measured.push(measured);
        self.floors.extend(floor);
    }

    /// The middle one, and the rest in words.
    pub fn shown(mut self) -> (String, String) {
        let number = self.measured.len();
        let (middle, longest) = (middle(&mut self.measured), self.measured[number - 1]);
        let mut notes = format!("median of {number}, longest {}", shown(longest));
        if !self.floors.is_empty() {
            let floor = middle_of(self.floors);
            let ratio = times(middle.as_secs_f64(), floor.as_secs_f64());
            notes = format!("{ratio}, {}; {notes}", shown(floor));
        }
        (shown(middle), notes)
    }
}

fn middle(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn middle_of(mut times: Vec<Duration>) -> Duration {
    middle(&mut times)
}
