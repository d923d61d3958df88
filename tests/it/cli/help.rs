//! Help, completion, and arguments that do not fit.

use clap::CommandFactory;

use super::Desk;
use windlass::config::Args;

/// Every command that does something, as words after the program's name.
fn commands(command: &clap::Command, so_far: &[String]) -> Vec<Vec<String>> {
    let below: Vec<_> = command.get_subcommands().filter(|found| found.get_name() != "help").collect();
    if below.is_empty() {
        return vec![so_far.to_vec()];
    }
    let named = |found: &&clap::Command| {
        let words = [so_far, &[found.get_name().to_owned()]].concat();
        commands(found, &words)
    };
    below.iter().flat_map(named).collect()
}

#[test]
fn every_command_has_examples_that_name_it() {
    let desk = Desk::new();
    let all = commands(&Args::command(), &[]);
    assert_eq!(all.len(), 7, "{all:?}");
    for words in all {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let help = desk.run(&[words.as_slice(), &["--help"]].concat()).well();
        let (_, examples) = help.split_once("Example").unwrap_or_else(|| panic!("{words:?} has no example"));
        assert!(examples.contains(&format!("windlass {}", words.join(" "))), "{words:?}: {examples}");
    }
}

#[test]
fn completion_is_there_for_each_shell() {
    let desk = Desk::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = desk.run(&["completion", shell]).well();
        assert!(script.contains("rewrite-url"), "{shell}: {script}");
    }
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let desk = Desk::new();
    for (arguments, words) in [
        (&["render", "app"][..], "APPLICATION.yaml"),
        (&["diff"], "--app"),
        (&["health"], "FILES"),
        (&["sync"], "unrecognized subcommand"),
        (&["render", "app", "a.yaml", "--rewrite-url", "nothing"], "FROM=TO"),
    ] {
        let said = desk.run(arguments).refused(2);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    let app = desk.write("app.yaml", &super::application("https://example.com/a", ""));
    let said = desk.run(&["render", "app", &app, "--local-repository", "nowhere"]).refused(1);
    assert!(said.contains("--local-repository nowhere"), "{said}");
}
