//! Where each thing that is promised is proved. The proofs lie beside what they prove: what Argo CD documents is played in
//! `crates/sync/tests` (plans, comparisons, health, rendering), `crates/report/tests` (statuses) and `tests/it`.

use std::path::Path;

/// Each row of docs/compatibility.md names tests that are there.
#[test]
fn every_deliberate_difference_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/compatibility.md")).expect("it is there");
    let is_row =
        |line: &&str| line.starts_with('|') && !line.contains("| --- |") && !line.contains("| proved by |");
    let rows = text.lines().filter(is_row);
    let mut count = 0;
    for row in rows {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let files: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!files.is_empty(), "no test is named in {row}");
        for file in files {
            let path = root.join(file);
            let found = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(
                found.contains("#[test]") || found.contains("#[tokio::test]"),
                "{file} holds no test: {row}"
            );
        }
        count += 1;
    }
    assert!(count > 5, "the table was not found");
}
