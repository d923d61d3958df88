//! A plain stopwatch: each case runs for a second at least, the middle and the shortest run are printed.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Longest that one case is repeated.
const ENOUGH: Duration = Duration::from_secs(1);
/// Runs at the least and at the most.
const RUNS: std::ops::RangeInclusive<usize> = 5..=1000;

/// Prints a heading.
pub fn heading(text: &str) {
    println!("\n{text}");
    println!("| case | median | shortest | runs | detail |\n| --- | --- | --- | --- | --- |");
}

/// Runs `work` again and again and prints how long one run takes; `detail` is made from its last result.
pub fn measure<T>(case: &str, mut work: impl FnMut() -> T, detail: impl FnOnce(&T) -> String) {
    let mut last = black_box(work());
    let (mut times, begun) = (Vec::new(), Instant::now());
    while times.len() < *RUNS.start() || (begun.elapsed() < ENOUGH && times.len() < *RUNS.end()) {
        let start = Instant::now();
        last = black_box(work());
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let (median, shortest) = (shown(times[times.len() / 2]), shown(times[0]));
    println!("| {case} | {median} | {shortest} | {} | {} |", times.len(), detail(&last));
}

fn shown(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 1e-3 => format!("{:.2} ms", seconds * 1e3),
        seconds => format!("{:.1} us", seconds * 1e6),
    }
}
