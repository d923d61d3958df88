//! A plan in lines that read well in a diff.

use std::fmt;

use model::application::{OperationState, ResourceStatus};

use super::{Action, Apply, Expects, How, Plan, Propagation, Removal};

/// Shows a plan line by line: verdicts, actions, what is held, the operation, conditions.
pub struct Show<'a>(pub &'a Plan);

impl fmt::Display for Show<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { batches, held, wake, operation, ended, clear_request, record_first, sync, conditions } =
            self.0;
        writeln!(f, "{}", sync.status.as_str())?;
        sync.resources.iter().try_for_each(|row| resource(f, row))?;
        for batch in batches {
            writeln!(f, "{} {}:", batch.phase.as_str(), batch.wave)?;
            batch.actions.iter().try_for_each(|action| writeln!(f, "  {action}"))?;
        }
        for held in held {
            writeln!(f, "held {}: {}", held.key, held.reason)?;
        }
        if let Some(wake) = wake {
            writeln!(f, "wake {wake}")?;
        }
        if *record_first {
            writeln!(f, "record first")?;
        }
        if let Some(ended) = ended.as_ref().filter(|ended| operation.as_ref() != Some(ended)) {
            writeln!(f, "ended {}: {}", ended.phase.as_str(), ended.message)?;
        }
        if let Some(state) = operation {
            running(f, state)?;
        }
        if *clear_request {
            writeln!(f, "clear request")?;
        }
        conditions.iter().try_for_each(|condition| writeln!(f, "{}: {}", condition.kind, condition.message))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Show(self).fmt(f)
    }
}

fn resource(f: &mut fmt::Formatter<'_>, row: &ResourceStatus) -> fmt::Result {
    let verdict = row.status.map_or("-", model::application::SyncStatusCode::as_str);
    write!(f, "  {}: {verdict}", row.key())?;
    if let Some(health) = row.health.as_ref().and_then(|health| health.status) {
        write!(f, " {}", health.as_str())?;
    }
    let flags = [
        (row.hook, "hook"),
        (row.requires_pruning, "requires pruning"),
        (row.requires_deletion_confirmation, "requires confirmation"),
    ];
    for (_, words) in flags.iter().filter(|(is_set, _)| *is_set) {
        write!(f, ", {words}")?;
    }
    writeln!(f)
}

fn running(f: &mut fmt::Formatter<'_>, state: &OperationState) -> fmt::Result {
    writeln!(f, "operation {}: {}", state.phase.as_str(), state.message)?;
    for row in state.sync_result.iter().flat_map(|result| &result.resources) {
        write!(f, "  {} {}", row.sync_phase, row.key())?;
        if let Some(status) = row.status {
            write!(f, " {status:?}")?;
        }
        if let Some(phase) = row.hook_phase {
            write!(f, " {}", phase.as_str())?;
        }
        writeln!(f, ": {}", row.message)?;
    }
    Ok(())
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DryRun(apply) => write!(f, "dry run {apply}"),
            Self::Apply(apply) => write!(f, "apply {apply}"),
            Self::CreateNamespace { name, labels, annotations } => {
                write!(f, "create namespace {name}")?;
                let all = labels.iter().chain(annotations);
                all.into_iter().try_for_each(|(key, value)| write!(f, " {key}={value}"))
            }
            Self::Prune(removal) => write!(f, "prune {removal}"),
            Self::DeleteHook(removal) => write!(f, "delete hook {removal}"),
            Self::Delete(removal) => write!(f, "delete {removal}"),
            Self::RemoveFinalizers { finalizers } => write!(f, "remove finalizers {}", finalizers.join(" ")),
        }
    }
}

impl fmt::Display for Apply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            gvk: _,
            object: _,
            hash: _,
            phase: _,
            hook,
            how,
            force,
            validate,
            respect_ignore_differences,
            take_over,
            expects,
        } = self;
        write!(f, "{key}")?;
        let how = match how {
            How::ServerSide => None,
            How::ClientSide => Some("client-side"),
            How::Replace => Some("replace"),
        };
        let is_new = *expects == Expects::Absent;
        let flags = [
            (*hook, "hook"),
            (is_new, "new"),
            (*force, "force"),
            (!*validate, "without validation"),
            (*respect_ignore_differences, "respecting ignored fields"),
            (!*take_over, "without taking over"),
        ];
        let words =
            how.into_iter().chain(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, words)| *words));
        words.into_iter().try_for_each(|words| write!(f, ", {words}"))
    }
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, version: _, uid, resource_version, propagation, phase: _, strip_finalizer } = self;
        write!(f, "{key} ({uid}@{resource_version})")?;
        if *propagation != Propagation::Foreground {
            write!(f, ", {}", propagation.as_str())?;
        }
        if *strip_finalizer {
            write!(f, ", without its finalizer")?;
        }
        Ok(())
    }
}
