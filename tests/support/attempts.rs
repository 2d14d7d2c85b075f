//! Raw logs written by hand: a few attempts of each kind, on a real counter unless told otherwise.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What an attempt saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Yes,
    No,
    Timeout,
    Captcha,
    Unrecognized,
    Blocked,
    ServerError,
}

impl Kind {
    /// The evidence that it left.
    pub fn evidence(self) -> Value {
        match self {
            Self::Yes => json!({"http_status": 200, "step": "/4", "page_text": "Choisissez une plage horaire",
                "markers": ["td.status-1.free"], "slots": {"count": 2, "first_date": "2019-06-03"}}),
            Self::No => json!({"http_status": 200, "step": "/2", "page_text":
                "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous."}),
            Self::Timeout => json!({"failure": "timeout"}),
            Self::Captcha => json!({"http_status": 200, "step": "/cgu/", "system": "rdvpref",
                "page_text": "Recopiez le code de l'image", "markers": ["input.captchaUsercode"]}),
            Self::Blocked => json!({"http_status": 403}),
            Self::ServerError => json!({"http_status": 502}),
            Self::Unrecognized => json!({"http_status": 200, "page_text": "Bonne année à tous nos usagers"}),
        }
    }
}

/// A log in a folder of its own.
pub struct Attempts {
    folder: TempDir,
    lines: Vec<String>,
    counter: &'static str,
}

impl Attempts {
    pub fn on(counter: &'static str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), lines: Vec::new(), counter }
    }

    /// Adds attempts of one kind, one a minute from an instant of UTC on.
    pub fn saw(mut self, kind: Kind, count: u32, from: &str) -> Self {
        let from: chrono::DateTime<chrono::Utc> = from.parse().unwrap();
        for minute in 0..count {
            let number = self.lines.len();
            let mut attempt = json!({
                "contract": "attempt/1",
                "attempt_id": format!("00000000-0000-4000-8000-{number:012}"),
                "started_at": (from + chrono::TimeDelta::minutes(minute.into())).to_rfc3339(),
                "counter": self.counter,
                "procedure": "premier-titre",
                "system": "ez_planning",
                "probe": "essai",
            });
            let evidence = kind.evidence();
            attempt.as_object_mut().unwrap().extend(evidence.as_object().unwrap().clone());
            self.lines.push(attempt.to_string());
        }
        self
    }

    /// Adds one attempt at an instant, with fields of its own over those of its kind.
    pub fn look(mut self, kind: Kind, at: &str, more: &Value) -> Self {
        self = self.saw(kind, 1, at);
        let last = self.lines.last_mut().unwrap();
        let mut attempt: Value = serde_json::from_str(last).unwrap();
        attempt.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        *last = attempt.to_string();
        self
    }

    /// Adds a line that is no attempt.
    pub fn broken_line(mut self) -> Self {
        self.lines.push("{".to_owned());
        self
    }

    /// Writes the log, and says where.
    pub fn path(&self) -> PathBuf {
        let path = self.folder.path().join("essai.ndjson");
        fs::write(&path, self.lines.join("\n") + "\n").unwrap();
        path
    }

    /// Writes the first half of the log, and says where: under the same name.
    pub fn half_path(&self) -> PathBuf {
        let path = self.folder.path().join("essai.ndjson");
        fs::write(&path, self.lines[..self.lines.len() / 2].join("\n") + "\n").unwrap();
        path
    }

    /// A pipeline for such logs, without thresholds but those given, in the folder of the log.
    pub fn pipeline(&self, more: &str, schedule: &str) -> PathBuf {
        let registry = "registry.folders = [\"data/registry\", \"data/sample/registry\"]";
        plain_pipeline(&self.folder.path().join("pipeline"), &format!("{registry}\n{more}"), schedule)
    }
}

/// Writes a pipeline of logs of the contract into a folder, with these settings and rows of the schedule.
pub fn plain_pipeline(folder: &Path, settings: &str, schedule: &str) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/rendez-vous/outcome-rules.toml");
    let text = format!(
        "name = \"essai\"\ntitle = \"Essai\"\ntitle_en = \"Trial\"\ndescription = \"Essai.\"\n\
         outcome_rules = \"{}\"\n{settings}\n",
        rules.display(),
    );
    fs::write(folder.join("pipeline.toml"), text).unwrap();
    let header = "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source";
    fs::write(folder.join("schedule.csv"), format!("{header}\n{schedule}\n")).unwrap();
    folder.to_owned()
}
