//! SIGTERM and SIGINT in the first instants of the real binary: whatever it is about, it ends by itself with its own exit code.
//! Only what comes before `main`, the loading of the program, is the system's.
#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

/// A start is looked at and then signalled within a fraction of a millisecond: by a shell that waits for it.
struct Killer {
    shell: std::process::Child,
}

impl Killer {
    fn new() -> Self {
        let shell = std::process::Command::new("sh").stdin(Stdio::piped()).spawn().expect("a shell");
        Killer { shell }
    }

    fn send(&mut self, signal: &str, to: &Child) {
        let pid = to.id().expect("it runs");
        let line = format!("kill -{signal} {pid}\n");
        self.shell.stdin.as_mut().expect("a pipe").write_all(line.as_bytes()).expect("the shell lives");
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

fn spawn(folder: &Path, command: &str) -> Child {
    let mut binary = Command::new(env!("CARGO_BIN_EXE_driftless"));
    binary.arg(command).arg("--config").arg(folder.join("driftless.yaml")).arg("--cache").arg(folder.join("cache"));
    // More threads than a machine may have processors: they tell the runtime's from the others.
    binary.env_clear().env("TOKIO_WORKER_THREADS", "8");
    binary
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts")
}

/// Waits until the process catches both signals: with how many threads it was first seen to.
/// <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
fn caught(process: &Child) -> u64 {
    const BOTH: u64 = 1 << 1 | 1 << 14;
    let file = format!("/proc/{}/status", process.id().expect("it runs"));
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        let status = std::fs::read_to_string(&file).unwrap_or_default();
        let of = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        if u64::from_str_radix(of("SigCgt:"), 16).is_ok_and(|caught| caught & BOTH == BOTH) {
            return of("Threads:").parse().expect("a number");
        }
    }
    panic!("nobody listens for signals");
}

/// How it ended, and what it said.
async fn ended(mut process: Child) -> (ExitStatus, String) {
    let within = Duration::from_secs(9);
    let ended = tokio::time::timeout(within, process.wait()).await.expect("it ends in time").expect("waited for");
    let said = process.wait_with_output().await.expect("read").stderr;
    (ended, String::from_utf8_lossy(&said).into_owned())
}

/// An agent whose source, target and GitLab nobody answers for.
const CONFIG: &str = r#"apiVersion: driftless/v1alpha1
kind: Agent
metadata: {name: starting}
spec:
  source: {git: {url: "http://127.0.0.1:9/acme/deploy.git", branch: main, interval: 1s}}
  targets: [{name: shop, region: eu-central-1, endpointUrl: "http://127.0.0.1:9"}]
  server: {listen: "127.0.0.1:0"}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_at_any_instant_of_a_start_ends_it_with_code_0() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("driftless.yaml"), CONFIG).expect("written");
    let (mut killer, mut first) = (Killer::new(), u64::MAX);
    for instant in 0..60_u64 {
        let agent = spawn(folder.path(), "agent");
        first = first.min(caught(&agent));
        // Close together at first, and then as far as the first fetch: 0 to 70 ms.
        tokio::time::sleep(Duration::from_micros(instant * instant * 20)).await;
        let signal = if instant % 2 == 0 { "TERM" } else { "INT" };
        killer.send(signal, &agent);
        let (status, said) = ended(agent).await;
        assert_eq!(status.code(), Some(0), "SIG{signal} at {} µs: {status}: {said}", instant * instant * 20);
    }
    // Before there was any of the threads that the command works with: so before it was known which command.
    assert!(first <= 2, "it listens for signals only once it has {first} threads");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_hangs_while_it_is_read_holds_up_no_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("driftless.yaml");
    let made = Command::new("mkfifo").arg(&pipe).status().await;
    assert!(made.expect("mkfifo is there").success());
    let mut killer = Killer::new();
    for (command, code) in [("agent", 0), ("apply", 2), ("plan", 2), ("status", 2), ("validate", 1)] {
        let process = spawn(folder.path(), command);
        caught(&process);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let began = Instant::now();
        killer.send("TERM", &process);
        let (status, said) = ended(process).await;
        assert_eq!(status.code(), Some(code), "{command}: {said}");
        assert!(began.elapsed() < Duration::from_secs(5), "{command} took {:?}", began.elapsed());
    }
}
