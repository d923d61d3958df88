//! What reaches the other end: pipes that close, terminals that must not obey.

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use super::{Desk, application};

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let desk = Desk::new();
    let one = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\n";
    let file = desk.write("live.yaml", &one.repeat(20_000));
    let repository = desk.repository("shop");
    let filler = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{x: {}}}\n",
        "y".repeat(300_000)
    );
    repository.commit("main", &[("deploy/a.yaml", &filler)]);
    let app = desk.write("app.yaml", &application(&repository.url(), ""));
    let here = desk.path("").to_str().expect("it is text").to_owned();
    for arguments in [&["health", &file][..], &["render", "app", &app, "--local-repository", &here]] {
        let mut command = desk.command(arguments);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be run");
        let mut start = [0; 10];
        let mut out = child.stdout.take().expect("it is piped");
        out.read_exact(&mut start).expect("it prints");
        drop(out);
        let done = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!((done.status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_a_failure() {
    let desk = Desk::new();
    let file = desk.write("live.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let done = desk.command(&["health", &file]).stdout(full).output().expect("the program can be run");
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("No space left"), "{done:?}");
}

/// Runs a command on a terminal (util-linux's `script` makes one) and gives every byte that reached it.
fn on_a_terminal(desk: &Desk, arguments: &[&str]) -> Vec<u8> {
    let quoted: Vec<String> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    let line = format!("'{}' {}", env!("CARGO_BIN_EXE_windlass"), quoted.join(" "));
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("WINDLASS_CACHE_DIR", desk.path("cache"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("script can be run");
    output.stdout
}

#[test]
fn a_terminal_gets_no_command_from_foreign_text() {
    let desk = Desk::new();
    let evil = "\\e]0;owned\\a\\e[2J\\u202e";
    let file = desk.write(
        "live.yaml",
        &format!("apiVersion: v1\nkind: \"Service{evil}\"\nmetadata: {{name: \"a{evil}\"}}\n"),
    );
    let chart = desk.write("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
    desk.write(
        "chart/templates/a.yaml",
        &format!("# \u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: \"{evil}\"}}\n"),
    );
    let chart = chart.trim_end_matches("/Chart.yaml").to_owned();
    let broken =
        desk.write("broken.yaml", &application("https://\u{1b}[2Jexample.com/\u{1b}]0;owned\u{7}", ""));
    for arguments in [
        &["health", &file][..],
        &["render", "helm", &chart],
        &["render", "app", &broken],
        &["render", "app", "no\u{1b}[2Jwhere.yaml"],
    ] {
        let bytes = on_a_terminal(&desk, arguments);
        let text = String::from_utf8(bytes).expect("it is text");
        assert!(text.len() > 10, "{arguments:?} prints something");
        let obeyed: Vec<char> =
            text.chars().filter(|c| *c != '\r' && report::page::text::deceives(*c)).collect();
        assert_eq!(obeyed, Vec::<char>::new(), "{arguments:?}: {text:?}");
    }
}

#[test]
fn an_interrupt_ends_a_command_that_waits() {
    let desk = Desk::new();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}/shop.git", silent.local_addr().expect("it is bound"));
    let app = desk.write("app.yaml", &application(&url, ""));
    // A shell that runs the tests in the background has SIGINT ignored, and so have its children.
    let own = desk.command(&[]);
    let mut command = Command::new("env");
    command.arg("--default-signal=INT").arg(own.get_program());
    command.args(["render", "app", &app, "--allow-loopback"]).env("HOME", desk.path("home"));
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program can be run");
    let (_kept, _) = silent.accept().expect("the server is asked");
    let told =
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill can be run");
    assert!(told.success());
    assert_eq!(child.wait().expect("it ends").signal(), Some(2));
}
