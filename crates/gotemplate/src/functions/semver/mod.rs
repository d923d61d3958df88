//! Versions and constraints as Helm understands them, and Sprig's functions for them.

mod constraint;
mod object;
mod parts;
mod version;

pub use constraint::{Constraint, ConstraintError, MAX_CONSTRAINT_GROUPS, MAX_CONSTRAINT_LENGTH};
pub use version::{MAX_VERSION_LENGTH, Version, VersionError};

use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, Value};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("semver", &[Param::Str], semver),
    Function::new("semverCompare", &[Param::Str, Param::Str], semver_compare),
];

fn semver(_ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    Ok(Value::object(parse_version(args, 0)?))
}

fn semver_compare(_ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let constraint =
        Constraint::parse(&args.text(0)?.to_text()).map_err(|error| FunctionError::new(error.to_string()))?;
    Ok(Value::Bool(constraint.check(&parse_version(args, 1)?)))
}

fn parse_version(args: &[Value], at: usize) -> Result<Version, FunctionError> {
    Version::parse(&args.text(at)?.to_text()).map_err(|error| FunctionError::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::testing::render;

    /// An expected text that starts with `error:` is looked for at the end of the error.
    #[track_caller]
    fn check(template: &str, expected: &str) {
        match (render(template), expected.strip_prefix("error:")) {
            (Ok(text), None) => assert_eq!(text, expected, "{template}"),
            (Err(error), Some(expected)) => assert!(error.ends_with(expected), "{template}: {error}"),
            (outcome, _) => panic!("{template}: {outcome:?} instead of {expected}"),
        }
    }

    #[test]
    fn versions_are_objects() {
        let parts = "{{ .Major }}.{{ .Minor }}.{{ .Patch }}|{{ .Prerelease }}|{{ .Metadata }}|{{ .Original }}|{{ . }}|{{ .IncMinor }}";
        check(
            &format!(r#"{{{{ with semver "v1.2-rc.1+b" }}}}{parts}{{{{ end }}}}"#),
            "1.2.0|rc.1|b|v1.2-rc.1+b|1.2.0-rc.1+b|1.3.0",
        );
        check(
            r#"{{ (semver "1.2").Compare (semver "1.3") }} {{ (semver "1").LessThan (semver "0.9") }}"#,
            "-1 false",
        );
        check(
            r#"{{ (semver "1").IncMajor.Original }}"#,
            "error:can't evaluate field Original in type semver.Version",
        );
    }

    #[test]
    fn comparison_names_its_fault() {
        check(
            r#"{{ semverCompare "^1.2" "1.9.0" }} {{ semverCompare ">=1.21" "1.24.5-gke.1" }}"#,
            "true false",
        );
        check(
            r#"{{ semverCompare "bad" "1" }}"#,
            r#"error:error calling semverCompare: improper constraint: "bad""#,
        );
        check(
            r#"{{ semverCompare "1" "bad" }}"#,
            "error:error calling semverCompare: invalid semantic version",
        );
    }
}
