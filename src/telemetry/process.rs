//! What the system says of this process: time on the processor, memory, open files.

use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;

/// The usual `process_*` metrics, read when they are asked for; those that the system does not tell are left out.
#[derive(Debug)]
pub struct Process;

/// Linux counts processor time in hundredths of a second for everybody who asks through `/proc`.
const TICKS: f64 = 100.0;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let seconds = fs::read_to_string("/proc/self/stat").ok().and_then(|text| processor_seconds(&text));
        if let Some(seconds) = seconds {
            let help = "Total user and system CPU time spent in seconds.";
            let mut metric =
                encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
            metric.encode_counter(&seconds, None::<&Exemplar<[(&str, &str); 0], f64>>)?;
        }
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let gauges = [
            ("process_resident_memory_bytes", "Resident memory size in bytes.", bytes(&status, "VmRSS:")),
            (
                "process_resident_memory_max_bytes",
                "Largest resident memory size so far in bytes.",
                bytes(&status, "VmHWM:"),
            ),
            ("process_virtual_memory_bytes", "Virtual memory size in bytes.", bytes(&status, "VmSize:")),
            ("process_open_fds", "Number of open file descriptors.", open_files()),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }
}

/// User and system time; the name of the program before them may hold anything, so it is skipped from its end.
fn processor_seconds(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

fn bytes(status: &str, name: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: i64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn open_files() -> Option<i64> {
    i64::try_from(fs::read_dir("/proc/self/fd").ok()?.count()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_lines_are_read() {
        let stat = "7 (wind (lass)) S 1 7 7 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 4 0 100 1000 200 18446744073709551615";
        assert_eq!(processor_seconds(stat), Some(3.0));
        assert_eq!(bytes("VmHWM:\t  2048 kB\nVmRSS:\t    1024 kB\n", "VmRSS:"), Some(1 << 20));
        assert_eq!(processor_seconds("nonsense"), None);
    }
}
