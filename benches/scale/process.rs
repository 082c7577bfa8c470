//! What an agent's process has used, as the kernel counts it.
//! <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>, <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

/// An agent of the binary that was built with this program.
pub struct Process {
    child: Child,
    folder: PathBuf,
}

impl Process {
    /// Starts `driftless` in an empty environment, with its log in `log`.
    pub fn start(arguments: &[&str], log: std::fs::File) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftless"));
        command.args(arguments).env_clear().env("AWS_ACCESS_KEY_ID", "agent").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        let child = command.spawn().expect("the binary starts");
        let folder = PathBuf::from(format!("/proc/{}", child.id().expect("it runs")));
        Process { child, folder }
    }

    /// User and system time, in seconds: fields 14 and 15 of `stat`, in ticks of 10 ms.
    pub fn cpu(&self) -> f64 {
        let stat = self.read("stat");
        // The name, which may hold anything, ends with the last bracket.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
    }

    /// The most that was resident since the start or the last [`forget_peak`](Self::forget_peak), in MB of 1,000,000 bytes.
    pub fn peak(&self) -> f64 {
        self.memory("VmHWM:")
    }

    /// What is resident now, in the same.
    pub fn resident(&self) -> f64 {
        self.memory("VmRSS:")
    }

    /// "To reset the peak resident set size to the current": `clear_refs` takes a 5.
    /// <https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html>
    pub fn forget_peak(&self) {
        std::fs::write(self.folder.join("clear_refs"), "5").expect("its own process");
    }

    /// Asks for the end, and waits for it.
    pub async fn stop(mut self) {
        let pid = self.child.id().expect("it runs").to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await.expect("told");
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        assert!(ended.is_ok_and(|code| code.is_ok_and(|code| code.success())), "the agent ends well");
    }

    fn memory(&self, line: &str) -> f64 {
        let status = self.read("status");
        let kibibytes = status.lines().find_map(|text| text.strip_prefix(line)?.split_whitespace().next()?.parse::<f64>().ok());
        kibibytes.unwrap_or_default() * 1024.0 / 1e6
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join(file)).expect("the agent runs")
    }
}
