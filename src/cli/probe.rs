//! `guichets probe`: look whether appointments are offered.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::Args;
use guichets_ouverts::config::{Pipeline, Project, Schedule};
use guichets_ouverts::error::{Error, Kind, Result};
use guichets_ouverts::probe::wire::{Network, Wire};
use guichets_ouverts::probe::{
    Agenda, Clock, CycleAccount, Desk, Folder, NotSent, Plan, Probe, RehearsalClock, SystemClock, declaration, draft,
};
use guichets_ouverts::registry::Registry;
use guichets_ouverts::schema::Catalog;

use super::run::signing_key;
use super::{Common, print, watch};

/// Look whether appointments are offered, as a robot that says who it is, and write the log
///
/// It goes on, cycle after cycle, until a signal stops it; then what was seen is in the log, and the exit code is 0. It never
/// books, types nobody's data, and answers no captcha.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct ProbeCommand {
    /// The plan: who answers for the probe, which hosts it may ask, and what it looks at
    #[arg(value_name = "PLAN", required_unless_present = "draft")]
    plan: Option<PathBuf>,
    /// The folder to write to; the log is in its journaux/
    #[arg(long, value_name = "DIR", required_unless_present_any = ["page", "draft"])]
    out: Option<PathBuf>,
    /// Make the cycle that is due, if one is, and end: for cron
    #[arg(long, conflicts_with_all = ["check", "status", "page"])]
    once: bool,
    /// Say how much each host would be asked, and ask for nothing but their robots.txt
    #[arg(long, conflicts_with_all = ["status", "page"])]
    check: bool,
    /// Say how the last cycle went, and what keeps hosts from being asked
    #[arg(long, conflicts_with = "page")]
    status: bool,
    /// Print the page that declares the probe, in French, as HTML
    #[arg(long)]
    page: bool,
    /// Print a draft of a plan for a pipeline, from the addresses that its registry knows, in the place of PLAN
    #[arg(long, value_name = "PIPELINE", conflicts_with_all = ["plan", "out", "once", "check", "status", "page"])]
    draft: Option<String>,
}

impl ProbeCommand {
    /// Looks, or says what it would do.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let Some(path) = &self.plan else { return self.propose(common) };
        let plan = Plan::load(path)?;
        let Some(out) = self.out.as_deref().filter(|_| !self.page) else {
            print(&declaration(&plan));
            return Ok(ExitCode::SUCCESS);
        };
        if self.status {
            return status(&plan, out, common);
        }
        let span = plan.rehearsal.and_then(|rehearsal| rehearsal.span);
        let (schedule, registry) = pipeline_of(common, path, &plan)?;
        let agenda = Agenda::new(&plan, &schedule, &registry, span.map_or_else(Utc::now, |(from, _)| from))?;
        let folder = Folder::hold(out)?;
        let (clock, until) = clock(span, &agenda, &folder)?;
        let progress = watch::progress(common.json);
        let key = signing_key()?;
        let wires = || Ok(Box::new(Network::new(plan.rehearsal.map(|rehearsal| rehearsal.server))?) as Box<dyn Wire>);
        if self.check {
            let mut wire = wires()?;
            let desk = Desk::open(&plan, &folder, &*clock, wire.as_mut(), &*progress)?;
            return check(&plan, &agenda, desk, common.json);
        }
        let probe = Probe {
            plan: &plan,
            agenda: &agenda,
            folder: &folder,
            clock: &*clock,
            progress: &*progress,
            key: key.as_ref(),
        };
        let told = |account: &CycleAccount| print(&of_cycle(account, common.json));
        let nothing = || print(if common.json { "null" } else { "nothing is due" });
        let ended = match (clock.now() < until, self.once) {
            // Also a rehearsal that is over delivers what was left.
            (false, _) => probe.recover().map(|_| nothing()),
            (true, true) => probe.once(&wires).map(|account| account.map_or_else(nothing, |account| told(&account))),
            (true, false) => probe.go_on(&wires, until, &told),
        };
        match ended {
            // Its way to end.
            Err(error) if error.kind() == Kind::Interrupted => Ok(ExitCode::SUCCESS),
            ended => ended.map(|()| ExitCode::SUCCESS),
        }
    }

    /// Prints a draft.
    fn propose(&self, common: &Common) -> Result<ExitCode> {
        let name = self.draft.as_deref().unwrap_or_default();
        print(draft(&schedule_and_registry(common, name)?.1, name)?.trim_end());
        Ok(ExitCode::SUCCESS)
    }
}

/// The schedule and the registry of a plan's pipeline: its name, or its path beside the plan.
fn pipeline_of(common: &Common, path: &Path, plan: &Plan) -> Result<(Schedule, Registry)> {
    let beside = path.parent().unwrap_or(Path::new("")).join(&plan.pipeline);
    if beside.join("pipeline.toml").is_file() {
        return schedule_and_registry(common, &beside.to_string_lossy());
    }
    schedule_and_registry(common, &plan.pipeline)
}

fn schedule_and_registry(common: &Common, name: &str) -> Result<(Schedule, Registry)> {
    let (project, pipeline): (Project, Pipeline) = common.pipeline(name)?;
    let catalog = Catalog::load(&project.tables())?;
    let registry = Registry::load(&catalog, &pipeline.registry_folders(&project))?;
    Ok((Schedule::load(&pipeline.schedule_path())?, registry))
}

/// By which clock the probe goes, and until when. That of a rehearsal stands at the first slot of it that was not begun, so that
/// one start after the other makes one cycle after the other.
fn clock(
    span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    agenda: &Agenda<'_>,
    folder: &Folder,
) -> Result<(Box<dyn Clock>, DateTime<Utc>)> {
    let Some((from, to)) = span else { return Ok((Box::new(SystemClock::default()), DateTime::<Utc>::MAX_UTC)) };
    let begun = folder.account()?.map(|account| account.slot).filter(|slot| *slot >= from);
    let first = agenda.next(begun.unwrap_or(from - TimeDelta::microseconds(1)));
    Ok((Box::new(RehearsalClock::at(first.map_or(to, |first| first.min(to)))), to))
}

/// How much each host would be asked, and whether it wants to be.
fn check(plan: &Plan, agenda: &Agenda<'_>, mut desk: Desk<'_>, json: bool) -> Result<ExitCode> {
    let (mut text, mut hosts) = (String::new(), Vec::new());
    for (host, load) in agenda.load(plan) {
        let unwanted = match desk.ask_robots(&host) {
            Ok(_) => {
                let of_host = plan.points.iter().filter(|point| point.host() == host);
                let unwanted = of_host.filter(|point| !desk.is_wanted(point)).count();
                (unwanted > 0)
                    .then(|| format!("robots.txt does not want {unwanted} of its services, or could not be had"))
            }
            Err(NotSent::Never(why)) => Some(why.to_string()),
            Err(NotSent::Failed(error)) => return Err(error),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{host}: {} looks a cycle, at most {} requests a day of the {} that the plan allows; {}",
            load.looks,
            load.requests_per_day,
            load.allowed_per_day,
            unwanted.as_deref().unwrap_or("robots.txt does not mind")
        );
        hosts.push(serde_json::json!({
            "host": host, "looks": load.looks, "requests_per_day": load.requests_per_day,
            "allowed_per_day": load.allowed_per_day, "unwanted": unwanted,
        }));
    }
    print(&if json { format!("{:#}", serde_json::json!(hosts)) } else { text.trim_end().to_owned() });
    if hosts.iter().all(|host| host["unwanted"].is_null()) {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Error::usage("some of what the plan names would not be asked")
        .hint("take it out of the plan, or write to the administration"))
}

fn status(plan: &Plan, out: &Path, common: &Common) -> Result<ExitCode> {
    let folder = Folder::look_into(out);
    let (account, memory) = (folder.account()?, folder.memory()?);
    if common.json {
        print(&format!("{:#}", serde_json::json!({ "cycle": account, "hosts": memory })));
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = account.as_ref().map_or_else(|| "no cycle yet".to_owned(), |account| of_cycle(account, false));
    // A rehearsal stands where its last cycle began.
    let span = plan.rehearsal.and_then(|rehearsal| rehearsal.span);
    let now = span.map_or_else(Utc::now, |(from, _)| account.as_ref().map_or(from, |account| account.slot));
    for (name, host) in &plan.hosts {
        let known = memory.host(name);
        let sent = known.map_or(0, |known| known.sent_on(now.date_naive()));
        let _ = write!(text, "\n{name}: {sent} of {} requests today", host.requests_per_day);
        if let Some(until) = known.and_then(|known| known.resting_until).filter(|until| *until > now) {
            let _ = write!(text, ", rests until {}", until.to_rfc3339_opts(SecondsFormat::Secs, true));
        }
        if let Some(reason) = known.and_then(|known| known.off.as_deref()) {
            let _ = write!(text, ", {reason}: a person must look");
        }
        if folder.is_halted(name) {
            text.push_str(", put out of use");
        }
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

fn of_cycle(account: &CycleAccount, json: bool) -> String {
    if json {
        // What it holds has a form in JSON.
        return serde_json::to_string(account).unwrap_or_default();
    }
    let slot = account.slot.to_rfc3339_opts(SecondsFormat::Secs, true);
    let state = if account.over { "" } else { ", not over" };
    let mut text = format!("cycle of {slot}: {} lines of {} due{state}", account.lines, account.due);
    if account.repeated > 0 {
        let _ = write!(text, "\n  looked at once more, as no answer had come: {}", account.repeated);
    }
    if !account.not_recognised.is_empty() {
        let _ = write!(text, "\n  pages that were not recognised: {}", account.not_recognised.join(", "));
    }
    for (why, looks) in &account.not_asked {
        let _ = write!(text, "\n  not looked at, {why}: {}", looks.join(", "));
    }
    text
}
