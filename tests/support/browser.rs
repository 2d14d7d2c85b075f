//! The browser that people read pages with, and a server of a folder for it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Run;
use super::tools::provided;

/// A server of a folder, which ends with the test.
pub struct Server {
    process: Child,
    pub address: String,
}

impl Server {
    pub fn of(folder: &Path) -> Self {
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]).current_dir(folder);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut told = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut told).unwrap();
        let port: String = told.split("port ").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
        Self { process, address: format!("http://127.0.0.1:{port}") }
    }

    /// The program's own server of a store, which knows ranges and types.
    pub fn of_store(store: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
        command.arg("site").arg(store).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut told = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut told).unwrap();
        let (address, _) = told.split_once("/latest/").unwrap();
        Self { process, address: address.to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Chromium.
pub struct Browser {
    program: &'static str,
}

impl Browser {
    /// The browser, where it is there or can be had; otherwise says that a test is skipped.
    pub fn found() -> Option<Self> {
        let program = "chromium";
        provided(Command::new(program).arg("--version"), &["chromium"]).then_some(Self { program })
    }

    fn run(&self, width: u32, args: &[&str]) -> String {
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new(self.program);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.arg(format!("--window-size={width},2000")).arg("--virtual-time-budget=8000").args(args);
        let run = Run::of(&mut command);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout
    }

    /// What a page has become once its scripts have run, on a screen as narrow as a telephone's.
    pub fn dom(&self, url: &str) -> String {
        self.run(390, &["--dump-dom", url])
    }

    /// Whether a page of a file is wider than a screen.
    pub fn is_wider(&self, page: &Path, width: u32) -> bool {
        let text = std::fs::read_to_string(page).unwrap();
        let told =
            "<script>document.title = document.documentElement.scrollWidth > innerWidth ? 'wide' : 'fits'</script>";
        let probe = page.with_extension("probe.html");
        std::fs::write(&probe, text.replace("</body>", &format!("{told}</body>"))).unwrap();
        let dom = self.run(width, &["--dump-dom", &format!("file://{}", probe.display())]);
        assert!(dom.contains("<title>fits</title>") || dom.contains("<title>wide</title>"), "the probe did not run");
        dom.contains("<title>wide</title>")
    }

    /// Prints a page of a file: the text of each sheet of paper, with its width and height in points.
    pub fn printed(&self, page: &Path) -> Option<Vec<Sheet>> {
        let pdf = page.with_extension("pdf");
        self.run(1200, &[&format!("--print-to-pdf={}", pdf.display()), &format!("file://{}", page.display())]);
        if !provided(Command::new("pdftotext").arg("-v"), &["poppler-utils"]) {
            return None;
        }
        let text = Run::of(Command::new("pdftotext").args(["-layout", pdf.to_str().unwrap(), "-"])).stdout;
        let info = Run::of(Command::new("pdfinfo").args(["-l", "-1", pdf.to_str().unwrap()])).stdout;
        let sizes = info.lines().filter(|line| line.starts_with("Page ") && line.contains(" size:"));
        let size = |line: &str| {
            let numbers: Vec<f64> =
                line.split(':').nth(1).unwrap().split_whitespace().filter_map(|word| word.parse().ok()).collect();
            (numbers[0], numbers[1])
        };
        let texts = text.split('\u{c}').map(str::to_owned);
        Some(texts.zip(sizes.map(size)).map(|(text, size)| Sheet { text, size }).collect())
    }
}

/// A sheet of paper.
pub struct Sheet {
    pub text: String,
    pub size: (f64, f64),
}
