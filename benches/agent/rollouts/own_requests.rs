//! What the agent has asked of the API server, by its own count: events and statuses that others write are not in it.

use std::collections::BTreeMap;
use std::fmt;

/// Requests by verb.
pub struct OwnRequests(BTreeMap<String, u64>);

impl OwnRequests {
    /// Reads them off the agent's metrics.
    pub fn read(metrics: &str) -> Self {
        let mut counts = BTreeMap::new();
        for line in
            metrics.lines().filter_map(|line| line.strip_prefix("windlass_api_requests_total{verb=\""))
        {
            let (Some((verb, _)), Some((_, count))) = (line.split_once('"'), line.rsplit_once("} ")) else {
                continue;
            };
            *counts.entry(verb.to_owned()).or_default() +=
                count.parse::<f64>().map_or(0, |count| count as u64);
        }
        Self(counts)
    }

    /// What came since `before`.
    pub fn since(&self, before: &Self) -> Self {
        let left = |(verb, count): (&String, &u64)| (verb.clone(), count - before.0.get(verb).unwrap_or(&0));
        Self(self.0.iter().map(left).filter(|(_, count)| *count > 0).collect())
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

impl fmt::Display for OwnRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|(verb, count)| format!("{count} {verb}")).collect();
        f.write_str(&words.join(", "))
    }
}
