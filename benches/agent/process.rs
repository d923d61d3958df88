//! What a process has used, as Linux tells.

use std::time::Duration;

/// What a process has used since it started.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Processor time of all its threads, in user mode and in the kernel.
    pub cpu: Duration,
    /// Largest resident memory, in bytes.
    pub peak: u64,
    /// Resident memory now, in bytes.
    pub resident: u64,
    /// Times its threads that live went to sleep of their own will: each was a wake-up.
    pub wakes: u64,
    /// Bytes read from files and sockets.
    pub read: u64,
}

/// Reads what a process has used.
pub fn usage(pid: u32) -> Usage {
    let read =
        |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).expect("the process lives");
    let (status, io) = (read("status"), read("io"));
    Usage {
        cpu: cpu(&read("stat")),
        peak: number(&status, "VmHWM:") * 1024,
        resident: number(&status, "VmRSS:") * 1024,
        wakes: wakes(pid),
        read: number(&io, "rchar:"),
    }
}

/// `utime` and `stime`, the 14th and 15th field; the second field may hold spaces.
fn cpu(stat: &str) -> Duration {
    const TICKS: u64 = 100;
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

fn wakes(pid: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process lives").flatten();
    let statuses = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("status")).ok());
    statuses.map(|status| number(&status, "voluntary_ctxt_switches:")).sum()
}

fn number(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
