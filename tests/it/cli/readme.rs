//! The options in README.md are those of the program. `UPDATE_README=1 cargo test … options_in_the_readme` writes them.

use std::fmt::Write;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};
use windlass::config::Args;

const START: &str = "<!-- options: written by tests/it/cli/readme.rs -->\n";
const END: &str = "<!-- end of options -->\n";

#[test]
fn options_in_the_readme_are_those_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).expect("it is there");
    let (before, rest) = text.split_once(START).expect("the README marks where options begin");
    let (written, after) = rest.split_once(END).expect("and where they end");
    let options = options();
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, format!("{before}{START}{options}{END}{after}")).expect("it can be written");
        return;
    }
    assert_eq!(written, options, "run this test with UPDATE_README=1");
}

fn options() -> String {
    let mut program = Args::command();
    program.build();
    let mut text = String::new();
    section(&mut text, "every command", program.get_arguments());
    for command in leaves(&program) {
        let own = command.get_arguments().filter(|argument| !argument.is_global_set());
        section(&mut text, &format!("`{}`", command.get_bin_name().expect("it was built")), own);
    }
    text
}

/// The commands that do something.
fn leaves(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|found| found.get_name() != "help");
    let leaves: Vec<&Command> = below.flat_map(leaves).collect();
    if leaves.is_empty() { vec![command] } else { leaves }
}

fn section<'a>(text: &mut String, title: &str, arguments: impl Iterator<Item = &'a Arg>) {
    let shown = arguments.filter(|argument| !matches!(argument.get_id().as_str(), "help" | "version"));
    let rows: Vec<String> = shown.map(row).collect();
    writeln!(text, "\n{title}\n\n| option | what |\n| --- | --- |\n{}", rows.join("\n"))
        .expect("a text takes it");
}

fn row(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let value = values.iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" ");
    let takes = argument.get_num_args().is_none_or(|range| range.takes_values());
    let name = match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (Some(short), None) => format!("-{short}"),
        (None, Some(long)) => format!("--{long}"),
        (None, None) => String::new(),
    };
    let name = if takes { format!("{name} {value}") } else { name };
    let mut what = argument.get_help().map(ToString::to_string).unwrap_or_default();
    if let Some(variable) = argument.get_env() {
        write!(what, " [`{}`]", variable.to_string_lossy()).expect("a text takes it");
    }
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes && !defaults.is_empty() {
        write!(what, " (default `{}`)", defaults.join(",")).expect("a text takes it");
    }
    format!("| `{}` | {} |", name.trim(), what.replace('|', "\\|").replace('\n', " "))
}
